/* SPDX-License-Identifier: Apache-2.0 */
/* What he says to warden and recorder. */
#include "tests/takeover/backdoor.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "daemon/base/clock.h"
#include "daemon/roles/start.h"

int takeover_socket = -1;
char takeover_id_token[2048];
static struct sp_ulid asked; /* an approval that nobody has decided */
#define HASH "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static void text(struct sp_buf *to, const char *s)
{
        struct sp_wire_out w = SP_WIRE_OUT(to);

        sp_wire_put_str(&w, sp_str_c(s));
}

/* ---- to the warden ---- */

static void identify(struct sp_buf *to)
{
        struct sp_wire_out w = SP_WIRE_OUT(to);

        sp_msg_put_identify(&w, &(struct sp_msg_identify){ .token = SP_STR_NULL });
}
static void identify_by_number(struct sp_buf *to)
{
        struct sp_wire_out w = SP_WIRE_OUT(to);

        sp_wire_put_u64(&w, 7); /* a cgroup */
        identify(to);
}
static void identify_forged(struct sp_buf *to)
{
        struct sp_wire_out w = SP_WIRE_OUT(to);

        sp_wire_put_u32(&w, UINT32_MAX); /* a text of 4 GiB */
}
static int own_socket(void)
{
        return dup(takeover_socket);
}
static int listening_socket(void)
{
        for (int fd = 0; fd < 256; fd++) {
                int listens = 0;
                socklen_t n = sizeof(listens);

                if (getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listens, &n) == 0 &&
                    listens)
                        return dup(fd);
        }
        return -1;
}
static int channel_socket(void)
{
        return dup(SP_ROLE_CHANNEL);
}
static int new_socket(void)
{
        const struct sockaddr_in to = { .sin_family = AF_INET,
                                        .sin_port = htons(443),
                                        .sin_addr.s_addr = inet_addr("203.0.113.10") };
        int fd = socket(AF_INET, SOCK_STREAM, 0);

        if (fd >= 0 && connect(fd, (const struct sockaddr *)&to, sizeof(to)) < 0)
                sp_closep(&fd);
        return fd;
}
static int no_socket(void)
{
        return memfd_create("x", MFD_CLOEXEC);
}
static void mint_for_nobody(struct sp_buf *to)
{
        text(to, "");
}
/* As it was once: issuer, subject, address, groups, end. */
static void mint_by_name(struct sp_buf *to)
{
        struct sp_wire_out w = SP_WIRE_OUT(to);

        sp_msg_put_person(&w,
                          &(struct sp_msg_person){ SP_STR("https://idp.example.test"),
                                                   SP_STR("boss"), SP_STR_NULL,
                                                   SP_STR_NULL, UINT64_MAX });
}
static void mint_on_a_forged_token(struct sp_buf *to)
{
        text(to, "spt1.jwwIAAAAAACPDAgAAAAAAKd0AWsAAAAAH3UBawAAAAA.AAAA");
}
/* {"iss":"https://idp.example.test","aud":"sallyport","sub":"boss", …} */
#define CLAIMS                                                                         \
        "eyJpc3MiOiJodHRwczovL2lkcC5leGFtcGxlLnRlc3QiLCJhdWQiOiJzYWxseXBvcnQiLCJzdWIi" \
        "OiJib3NzIiwiaWF0IjoxNzAwMDAwMDAwLCJleHAiOjE3MjUwMDAwMDB9"
static void sign_in_unsigned(struct sp_buf *to)
{
        text(to, "eyJhbGciOiJub25lIn0." CLAIMS ".AA"); /* {"alg":"none"} */
}
#define A8 "AAAAAAAA"
#define A64 A8 A8 A8 A8 A8 A8 A8 A8
/* {"alg":"RS256","kid":"test-rs256"} */
#define FORGED                                                                         \
        "eyJhbGciOiJSUzI1NiIsImtpZCI6InRlc3QtcnMyNTYifQ." CLAIMS                       \
        "." A64 A64 A64 A64 A64 "AAAAAAAAAAAAAAAAAAAAAA"
static void sign_in_forged(struct sp_buf *to)
{
        text(to, FORGED);
}
static void sign_in_as_said(struct sp_buf *to)
{
        text(to, takeover_id_token);
}
static void leaf_of_a_bank(struct sp_buf *to)
{
        text(to, "bank.example");
}
static void leaf_with_newline(struct sp_buf *to)
{
        text(to, "bigquery.googleapis.com\nDNS:bank.example");
}
static void leaf(struct sp_buf *to)
{
        text(to, "bigquery.googleapis.com");
}
static void no_approval(struct sp_buf *to)
{
        text(to, "01ARZ3NDEKTSV4RRFFQ69G5FAV");
}
void takeover_ask(struct sp_buf *to)
{
        struct sp_wire_out w = SP_WIRE_OUT(to);
        static unsigned n;
        char job[32];
        struct sp_msg_approval m = { .action = SP_STR("select"),
                                     .request_hash = SP_STR(HASH),
                                     .timeout_us = 60 * SP_USEC_PER_SEC };

        (void)snprintf(job, sizeof(job), "p:job-%u", n++);
        m.job = sp_str_c(job);
        sp_wire_put_str(&w, SP_STR_NULL); /* no token */
        sp_msg_put_approval(&w, &m);
}
static void ask_without_text(struct sp_buf *to)
{
        struct sp_wire_out w = SP_WIRE_OUT(to);
        const struct sp_msg_approval m = { .job = SP_STR("p:\xff\xfe"),
                                           .request_hash = SP_STR(HASH),
                                           .timeout_us = 1 };

        sp_wire_put_str(&w, SP_STR_NULL); /* no token */
        sp_msg_put_approval(&w, &m);
}
static void ask_for_another(struct sp_buf *to)
{
        struct sp_wire_out w = SP_WIRE_OUT(to);
        const struct sp_msg_approval m = { .job = SP_STR("p:j"),
                                           .session =
                                                   SP_STR("01ARZ3NDEKTSV4RRFFQ69G5FAV"),
                                           .request_hash = SP_STR(HASH),
                                           .timeout_us = 60 * SP_USEC_PER_SEC };

        sp_wire_put_str(&w, SP_STR_NULL); /* no token */
        sp_msg_put_approval(&w, &m);
}
static void claim_pending(struct sp_buf *to)
{
        struct sp_wire_out w = SP_WIRE_OUT(to);
        const struct sp_msg_claim m = { sp_str_c(asked.c), SP_STR(HASH) };

        sp_msg_put_claim(&w, &m);
}
static void withdraw_anothers(struct sp_buf *to)
{
        struct sp_wire_out w = SP_WIRE_OUT(to);
        const struct sp_msg_claim m = { sp_str_c(asked.c), SP_STR("00") };

        sp_msg_put_claim(&w, &m);
}

void takeover_remember(struct sp_str approval)
{
        if (approval.n == SP_ULID_LEN)
                memcpy(asked.c, approval.p, SP_ULID_LEN);
}

/* ---- bytes that are no message ---- */

struct head {
        uint16_t magic, version, type, flags;
        uint64_t id, length;
};
#define HEAD(...)                                                                      \
        {                                                                              \
                .magic = 0x5350, .version = SP_IPC_VERSION, .id = 7, __VA_ARGS__       \
        }

static int send_head(int channel, struct head h, int fd)
{
        union {
                struct cmsghdr align;
                char bytes[CMSG_SPACE(sizeof(int))];
        } control = { 0 };
        struct iovec v = { &h, sizeof(h) };
        struct msghdr m = { .msg_iov = &v, .msg_iovlen = 1 };

        if (fd >= 0) {
                struct cmsghdr *c;

                m.msg_control = control.bytes;
                m.msg_controllen = sizeof(control.bytes);
                c = CMSG_FIRSTHDR(&m);
                c->cmsg_level = SOL_SOCKET;
                c->cmsg_type = SCM_RIGHTS;
                c->cmsg_len = CMSG_LEN(sizeof(int));
                memcpy(CMSG_DATA(c), &fd, sizeof(fd));
        }
        return sendmsg(channel, &m, MSG_NOSIGNAL) < 0 ? errno : 0;
}

static int forged_length(int channel)
{
        return send_head(channel,
                         (struct head)HEAD(.type = SP_MSG_PING, .length = 1u << 30),
                         -1);
}
static int other_version(int channel)
{
        struct head h = HEAD(.type = SP_MSG_PING);

        h.version++;
        return send_head(channel, h, -1);
}
static int empty_datagram(int channel)
{
        return send(channel, "x", 1, MSG_NOSIGNAL) < 0 ? errno : 0;
}
static int short_memfd(int channel)
{
        int fd = memfd_create("x", MFD_ALLOW_SEALING), r;

        if (fd < 0 || ftruncate(fd, 8192) < 0)
                return errno;
        r = send_head(channel,
                      (struct head)HEAD(.type = SP_MSG_IDENTIFY, .flags = 1,
                                        .length = 1u << 20),
                      fd);
        (void)close(fd);
        return r;
}
static int gift(int channel)
{
        int fd = memfd_create("x", 0), r;

        r = send_head(channel, (struct head)HEAD(.type = SP_MSG_ASSERTION_GET), fd);
        (void)close(fd);
        return r;
}
static int no_id(int channel)
{
        struct head h = HEAD(.type = SP_MSG_ASSERTION_GET);

        h.id = 0;
        return send_head(channel, h, -1);
}
static int forged_answer(int channel)
{
        struct head h = HEAD(.type = SP_MSG_ANSWER_OK);

        h.id = UINT64_MAX;
        return send_head(channel, h, -1);
}

/* ---- to the recorder ---- */

#define RECORD(name, type)                                                             \
        static void record_##name(struct sp_buf *to)                                   \
        {                                                                              \
                text(to, "{\"type\":\"" type "\",\"decision\":\"approved\"}");         \
        }
RECORD(approval, "approval")
RECORD(policy, "policy")
RECORD(unmask, "unmask")
RECORD(start, "start")
static void record_of_no_type(struct sp_buf *to)
{
        text(to, "{\"session\":\"x\"}");
}
static void record_of_two_types(struct sp_buf *to)
{
        text(to, "{\"type\":\"request\",\"type\":\"approval\"}");
}
static void record_of_no_json(struct sp_buf *to)
{
        text(to, "{\"type\":\"request\"}\n{\"type\":\"approval\"}");
}
static void record_with_a_chain(struct sp_buf *to)
{
        text(to, "{\"type\":\"request\",\"seq\":1,\"prev\":\"00\",\"hash\":\"00\"}");
}
static void keep(struct sp_buf *to, const char *space, const char *key)
{
        struct sp_wire_out w = SP_WIRE_OUT(to);
        const struct sp_msg_keep k = { sp_str_c(space), sp_str_c(key), SP_STR("{}"),
                                       UINT64_MAX };

        sp_msg_put_keep(&w, &k);
}
static void keep_limits(struct sp_buf *to)
{
        keep(to, SP_LIMITS_SPACE, "x");
}
static void keep_job(struct sp_buf *to)
{
        keep(to, "job", "acme-prod:of-another");
}
static void recall_limits(struct sp_buf *to)
{
        text(to, SP_LIMITS_SPACE);
        text(to, "used");
}
static void recall_with_nul(struct sp_buf *to)
{
        struct sp_wire_out w = SP_WIRE_OUT(to);

        sp_wire_put_str(&w, sp_str("job\0x", 5));
        sp_wire_put_str(&w, SP_STR(""));
}

/* clang-format off */
#define WARDEN "Asks the warden"
#define RECORDER "Tells the recorder"
#define ENDS "the warden's table: ends the worker"
#define SEES "the warden reads from the kernel whose a socket is"
#define VERIFIES "the verifier checks it, in a process of its own"
#define CLOSES "the recorder closes the channel"
#define ASK(id, what, stop, end, error, type, ...) { id, WARDEN, what, stop, TAKEOVER_##end, error, false, type, __VA_ARGS__ }
#define TELL(id, what, stop, end, error, type, ...) { id, RECORDER, what, stop, TAKEOVER_##end, error, true, type, __VA_ARGS__ }

const struct takeover_message takeover_messages[] = {
        ASK("unknown-type", "a message of no known type", ENDS, KILLED, NULL, 999),
        ASK("wardens-type", "a message that only the warden may send (new policy)", ENDS, KILLED, NULL, SP_MSG_POLICY),
        ASK("records-type", "to write a record in the warden's name", ENDS, KILLED, NULL, SP_MSG_RECORD, record_approval),
        ASK("forged-length", "a message whose length is a lie", ENDS, KILLED, NULL, 0, .raw = forged_length),
        ASK("forged-memfd", "a large message that is shorter than it says", ENDS, KILLED, NULL, 0, .raw = short_memfd),
        ASK("other-version", "a message of another version", ENDS, KILLED, NULL, 0, .raw = other_version),
        ASK("short", "one byte", ENDS, KILLED, NULL, 0, .raw = empty_datagram),
        ASK("gift", "a descriptor sent along", ENDS, KILLED, NULL, 0, .raw = gift),
        ASK("no-id", "a question without number", ENDS, KILLED, NULL, 0, .raw = no_id),
        ASK("forged-answer", "an answer to nothing that was asked", ENDS, KILLED, NULL, 0, .raw = forged_answer),
        ASK("no-socket", "a question about a connection, without one", ENDS, KILLED, NULL, SP_MSG_IDENTIFY, identify),
        ASK("identify", "who is behind the connection that he came by", "nothing: it is the worker's work", OPEN, NULL, SP_MSG_IDENTIFY, identify, .socket = own_socket),
        ASK("forged-text", "a text longer than its message", "the warden's table", REFUSED, "warden.message", SP_MSG_IDENTIFY, identify_forged, .socket = own_socket),
        ASK("identify-number", "who is behind a cgroup that he names", "the table has no place for it", REFUSED, "warden.message", SP_MSG_IDENTIFY, identify_by_number, .socket = own_socket),
        ASK("identify-listener", "who is behind a listening socket", SEES, REFUSED, "identity.no-connection", SP_MSG_IDENTIFY, identify, .socket = listening_socket),
        ASK("identify-channel", "who is behind the warden's channel", SEES, REFUSED, "identity.no-connection", SP_MSG_IDENTIFY, identify, .socket = channel_socket),
        ASK("identify-made", "who is behind a connection that he made himself", SEES, REFUSED, "identity.no-connection", SP_MSG_IDENTIFY, identify, .socket = new_socket),
        ASK("identify-file", "who is behind a memory file", SEES, REFUSED, "identity.no-connection", SP_MSG_IDENTIFY, identify, .socket = no_socket),
        ASK("mint", "a token without a person for the connection that he came by", "nothing: it is the worker's work", OPEN, NULL, SP_MSG_TOKEN_MINT, mint_for_nobody, .socket = own_socket),
        ASK("mint-made", "a token for a connection that he made himself", SEES, REFUSED, "identity.no-connection", SP_MSG_TOKEN_MINT, mint_for_nobody, .socket = new_socket),
        ASK("mint-person", "a token for a person that he names", "the table has no place for it", REFUSED, "warden.message", SP_MSG_TOKEN_MINT, mint_by_name, .socket = own_socket),
        ASK("mint-forged", "a token for the person of a token that he made", "the warden's table", REFUSED, "identity.token-expired", SP_MSG_TOKEN_MINT, mint_on_a_forged_token, .socket = own_socket),
        ASK("sign-in", "a token for the person whose ID token passes through", "nothing: it is the worker's work; see below", OPEN, NULL, SP_MSG_SIGN_IN, sign_in_as_said, .socket = own_socket),
        ASK("sign-in-unsigned", "the same on an ID token that nobody signed", VERIFIES, REFUSED, "identity.algorithm", SP_MSG_SIGN_IN, sign_in_unsigned, .socket = own_socket),
        ASK("sign-in-forged", "the same on an ID token with a signature that he made", VERIFIES, REFUSED, "identity.signature", SP_MSG_SIGN_IN, sign_in_forged, .socket = own_socket),
        ASK("sign-in-made", "the same for a connection that he made himself", SEES, REFUSED, "identity.no-connection", SP_MSG_SIGN_IN, sign_in_as_said, .socket = new_socket),
        ASK("sign-in-many", "the same twice at once", "one at a time", REFUSED, "identity.busy", SP_MSG_SIGN_IN, sign_in_as_said, 2, .socket = own_socket),
        ASK("verify", "whose an ID token is, in the warden's place", ENDS, KILLED, NULL, SP_MSG_VERIFY, sign_in_as_said),
        ASK("leaf-bank", "a certificate for a name that is not Google's", "the CA signs for Google's names only", REFUSED, "ca.name", SP_MSG_LEAF_GET, leaf_of_a_bank),
        ASK("leaf-newline", "a certificate for two names in one", "the CA signs for Google's names only", REFUSED, "ca.name", SP_MSG_LEAF_GET, leaf_with_newline),
        ASK("leaf-flood", "certificates, 2000 at once", "quota", REFUSED, "warden.quota", SP_MSG_LEAF_GET, leaf, 2000),
        ASK("assertion-flood", "signed assertions, 50 at once", "quota", REFUSED, "warden.quota", SP_MSG_ASSERTION_GET, NULL, 50),
        ASK("assertion", "one signed assertion, for an access token of an hour", "nothing: it is the worker's work; see below", OPEN, NULL, SP_MSG_ASSERTION_GET),
        ASK("approval-none", "about an approval that is not there", "the warden's table", REFUSED, "approval.unknown", SP_MSG_APPROVAL_GET, no_approval),
        ASK("approval-bytes", "a person to approve bytes that are no text", "the warden's table", REFUSED, "approval.malformed", SP_MSG_APPROVAL_ASK, ask_without_text, .socket = own_socket),
        ASK("approval-other", "a person to approve in the name of another session", SEES, REFUSED, "identity.token-expired", SP_MSG_APPROVAL_ASK, ask_for_another, .socket = own_socket),
        ASK("approval-made", "a person to approve for a connection that he made himself", SEES, REFUSED, "identity.no-connection", SP_MSG_APPROVAL_ASK, takeover_ask, .socket = new_socket),
        ASK("approval-claim", "to use an approval that nobody has given", "the warden's table", REFUSED, "approval.not-approved", SP_MSG_APPROVAL_CLAIM, claim_pending, .ask_first = true),
        ASK("approval-withdraw", "to withdraw a request whose content it does not know", "the warden's table", REFUSED, "approval.other-request", SP_MSG_APPROVAL_WITHDRAW, withdraw_anothers, .ask_first = true),
        ASK("approval-flood", "people for approval, without end", "limit of each session", REFUSED, "approval.too-many", SP_MSG_APPROVAL_ASK, takeover_ask, 40, .socket = own_socket),

        TELL("record-approval", "that somebody approved", "types that are the warden's", REFUSED, "record.invalid", SP_MSG_RECORD, record_approval),
        TELL("record-policy", "that the policy changed", "types that are the warden's", REFUSED, "record.invalid", SP_MSG_RECORD, record_policy),
        TELL("record-unmask", "that a value was unmasked", "types that are the warden's", REFUSED, "record.invalid", SP_MSG_RECORD, record_unmask),
        TELL("record-start", "that the daemon started", "types that are the warden's", REFUSED, "record.invalid", SP_MSG_RECORD, record_start),
        TELL("record-typeless", "a record without type", "the recorder reads records", REFUSED, "record.invalid", SP_MSG_RECORD, record_of_no_type),
        TELL("record-two-types", "a record with two types", "the recorder reads records", REFUSED, "record.invalid", SP_MSG_RECORD, record_of_two_types),
        TELL("record-two", "two records in one", "the recorder reads records", REFUSED, "record.invalid", SP_MSG_RECORD, record_of_no_json),
        TELL("keep-limits", "what was used of the limits", "facts that are the warden's", REFUSED, "record.invalid", SP_MSG_KEEP, keep_limits),
        TELL("recall-limits", "to show what others used", "facts that are the warden's", REFUSED, "record.invalid", SP_MSG_RECALL, recall_limits),
        TELL("recall-nul", "to show facts by half a name", "the store checks names", REFUSED, "store.io", SP_MSG_RECALL, recall_with_nul),
        TELL("recorder-type", "a message of no known type", CLOSES, KILLED, NULL, 999),
        TELL("recorder-channel", "to take a channel of his", CLOSES, KILLED, NULL, SP_MSG_CHANNEL),
        TELL("recorder-length", "a message whose length is a lie", CLOSES, KILLED, NULL, 0, .raw = forged_length),
        TELL("record-chain", "a record with a place in the chain of its own: it stands in the record as text", "the chain is the recorder's", OPEN, NULL, SP_MSG_RECORD, record_with_a_chain),
        TELL("keep-job", "that a job is somebody else's", "nothing: a worker serves all agents; see below", OPEN, NULL, SP_MSG_KEEP, keep_job),
};
/* clang-format on */
const size_t n_takeover_messages =
        sizeof(takeover_messages) / sizeof(*takeover_messages);
