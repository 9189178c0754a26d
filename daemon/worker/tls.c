/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/worker/tls.h"

#include <assert.h>
#include <errno.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "daemon/base/log.h"
#include "daemon/google/hosts.h"
#include "daemon/roles/upstream.h"

#define RENEW_BEFORE_S 300 /* a leaf this near its end is asked for again */

struct leaf {
        struct leaf *next; /* most recently used first */
        struct sp_str name;
        X509 *certificate;
        STACK_OF(X509) * chain;
        EVP_PKEY *key;
};

/* One question to the warden; outlives sp_tls if it must. */
struct question {
        struct question *next;
        struct sp_tls *tls; /* NULL: nobody is interested any more */
        struct sp_str name;
        struct sp_tls_wait *waiting;
        bool is_asking, is_answered; /* for an answer from inside the question */
        int err;
};

struct sp_tls {
        SSL_CTX *context;
        BIO_METHOD *io;
        struct leaf *leaves;
        size_t n_leaves;
        struct question *questions;
        void (*get_leaf)(void *userdata, struct sp_str sni, sp_leaf_fn done,
                         void *done_data);
        void *userdata;
};

static int io_read(BIO *b, char *to, size_t n, size_t *ret_n)
{
        struct sp_tls_io *io = BIO_get_data(b);
        ssize_t r;

        BIO_clear_retry_flags(b);
        if (io->first.n) {
                *ret_n = SP_MIN(n, io->first.n);
                memcpy(to, io->first.p, *ret_n);
                io->first = sp_str_sub(io->first, *ret_n, io->first.n);
                return 1;
        }
        r = recv(io->fd, to, n, 0);
        if (r > 0) {
                *ret_n = (size_t)r;
                return 1;
        }
        if (r == 0)
                BIO_set_flags(b, BIO_FLAGS_IN_EOF);
        else if (errno == EAGAIN || errno == EINTR)
                BIO_set_retry_read(b);
        return 0;
}

struct sp_tls_out {
        size_t n, done, room;
        bool is_open; /* for more */
        char bytes[];
};

static ssize_t send_some(struct sp_tls_io *io, const char *p, size_t n)
{
        ssize_t r = send(io->fd, p, n, MSG_NOSIGNAL);

        if (r < 0)
                return errno == EAGAIN || errno == EINTR ? 0 : -errno;
        io->sent += (uint32_t)r;
        return r;
}

static int send_gathered(struct sp_tls_io *io)
{
        struct sp_tls_out *o = io->out;

        if (!o)
                return 1;
        assert(o->done <= o->n && o->n <= o->room);
        while (o->done < o->n) {
                ssize_t r = send_some(io, o->bytes + o->done, o->n - o->done);

                if (r <= 0)
                        return (int)r;
                o->done += (size_t)r;
        }
        o->n = o->done = 0;
        return 1;
}

void sp_tls_io_done(struct sp_tls_io *io)
{
        free(SP_TAKE(io->out));
}

void sp_tls_io_gather(struct sp_tls_io *io, size_t n)
{
        if (n <= SSL3_RT_MAX_PLAIN_LENGTH)
                return;
        n += SSL3_RT_MAX_ENCRYPTED_OVERHEAD * (n / SSL3_RT_MAX_PLAIN_LENGTH + 1);
        n = SP_MIN(n, SP_TLS_GATHER_MAX);
        if (!io->out) {
                io->out = malloc(sizeof(*io->out) + n);
                if (!io->out)
                        return; /* each record is sent by itself */
                *io->out = (struct sp_tls_out){ .room = n };
        }
        io->out->is_open = true;
}

int sp_tls_io_send(struct sp_tls_io *io)
{
        int r = send_gathered(io);

        if (r != 0)
                sp_tls_io_done(io);
        else
                io->out->is_open = false;
        return r;
}

static bool add_record(struct sp_tls_out *o, const char *p, size_t n)
{
        if (!o || !o->is_open || n > o->room - o->n)
                return false;
        memcpy(o->bytes + o->n, p, n);
        o->n += n;
        return true;
}

/* Positive: so many bytes were taken; 0: none, the socket is full. */
static ssize_t take(struct sp_tls_io *io, const char *p, size_t n)
{
        int r;

        if (add_record(io->out, p, n))
                return (ssize_t)n;
        r = send_gathered(io); /* first what is before it */
        if (r <= 0)
                return r;
        return add_record(io->out, p, n) ? (ssize_t)n : send_some(io, p, n);
}

static int io_write(BIO *b, const char *from, size_t n, size_t *ret_n)
{
        ssize_t r = take(BIO_get_data(b), from, n);

        BIO_clear_retry_flags(b);
        if (r > 0) {
                *ret_n = (size_t)r;
                return 1;
        }
        if (r == 0)
                BIO_set_retry_write(b);
        return 0;
}

static long io_control(BIO *b, int command, long n, void *p)
{
        (void)n, (void)p;
        if (command == BIO_CTRL_EOF)
                return BIO_test_flags(b, BIO_FLAGS_IN_EOF) != 0;
        return command == BIO_CTRL_FLUSH;
}

static int choose_protocol(SSL *ssl, const unsigned char **out, unsigned char *out_n,
                           const unsigned char *in, unsigned in_n, void *userdata)
{
        static const unsigned char ours[] = "\x02h2\x08http/1.1";

        (void)ssl, (void)userdata;
        if (SSL_select_next_proto((unsigned char **)out, out_n, ours, sizeof(ours) - 1,
                                  in, in_n) != OPENSSL_NPN_NEGOTIATED)
                return SSL_TLSEXT_ERR_ALERT_FATAL;
        return SSL_TLSEXT_ERR_OK;
}

static int set_up_context(SSL_CTX *c)
{
        static const unsigned char id[] = "sallyport";

        SSL_CTX_set_options(c, SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION |
                                       SSL_OP_CIPHER_SERVER_PREFERENCE |
                                       SSL_OP_PRIORITIZE_CHACHA);
        SSL_CTX_set_mode(c, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
                                    SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
        /* one read for header and record, not two */
        SSL_CTX_set_read_ahead(c, 1);
        SSL_CTX_set_session_cache_mode(c, SSL_SESS_CACHE_OFF); /* tickets only */
        SSL_CTX_set_alpn_select_cb(c, choose_protocol, NULL);
        return SSL_CTX_set_min_proto_version(c, TLS1_2_VERSION) == 1 &&
               SSL_CTX_set_ciphersuites(c, SP_TLS_SUITES) == 1 &&
               SSL_CTX_set_cipher_list(c, "ECDHE+AESGCM:ECDHE+CHACHA20") == 1 &&
               SSL_CTX_set1_groups_list(c, "X25519:P-256:P-384") == 1 &&
               SSL_CTX_set_session_id_context(c, id, sizeof(id) - 1) == 1 &&
               SSL_CTX_set_num_tickets(c, 1) == 1;
}

int sp_tls_new(void (*get_leaf)(void *userdata, struct sp_str sni, sp_leaf_fn done,
                                void *done_data),
               void *userdata, struct sp_tls **ret)
{
        struct sp_tls *t = calloc(1, sizeof(*t));

        if (!t)
                return -ENOMEM;
        t->get_leaf = get_leaf;
        t->userdata = userdata;
        t->context = SSL_CTX_new(TLS_server_method());
        t->io = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "connection");
        if (!t->context || !t->io || BIO_meth_set_read_ex(t->io, io_read) != 1 ||
            BIO_meth_set_write_ex(t->io, io_write) != 1 ||
            BIO_meth_set_ctrl(t->io, io_control) != 1 || !set_up_context(t->context)) {
                (void)sp_tls_free(t);
                return -EIO;
        }
        *ret = t;
        return 0;
}

static void leaf_free(struct leaf *l)
{
        if (!l)
                return;
        free((char *)l->name.p);
        X509_free(l->certificate);
        sk_X509_pop_free(l->chain, X509_free);
        EVP_PKEY_free(l->key);
        free(l);
}

static void question_free(struct question *q)
{
        assert(!q->waiting);
        free((char *)q->name.p);
        free(q);
}

struct sp_tls *sp_tls_free(struct sp_tls *t)
{
        if (!t)
                return NULL;
        while (t->leaves) {
                struct leaf *next = t->leaves->next;

                leaf_free(t->leaves);
                t->leaves = next;
        }
        for (struct question *q = t->questions; q; q = q->next) {
                while (q->waiting)
                        sp_tls_cancel(q->waiting);
                q->tls = NULL; /* freed when its answer comes */
        }
        SSL_CTX_free(t->context);
        BIO_meth_free(t->io);
        free(t);
        return NULL;
}

static bool is_fresh(const struct leaf *l)
{
        int days, seconds;

        if (ASN1_TIME_diff(&days, &seconds, NULL, X509_get0_notAfter(l->certificate)) !=
            1)
                return false;
        return days > 0 || (days == 0 && seconds > RENEW_BEFORE_S);
}

/* Moves the leaf to the front; drops it when it is about to expire. */
static struct leaf *find_leaf(struct sp_tls *t, struct sp_str name)
{
        for (struct leaf **at = &t->leaves; *at; at = &(*at)->next) {
                struct leaf *l = *at;

                if (!sp_str_eq(l->name, name))
                        continue;
                *at = l->next;
                if (!is_fresh(l)) {
                        leaf_free(l);
                        t->n_leaves--;
                        return NULL;
                }
                l->next = t->leaves;
                t->leaves = l;
                return l;
        }
        return NULL;
}

static void drop_oldest(struct sp_tls *t)
{
        struct leaf **at = &t->leaves;

        while ((*at)->next)
                at = &(*at)->next;
        leaf_free(*at);
        *at = NULL;
        t->n_leaves--;
}

static int parse_leaf(struct sp_str name, struct sp_str chain_pem,
                      struct sp_str key_pem, struct leaf **ret)
{
        struct leaf *l = calloc(1, sizeof(*l));
        BIO *chain = BIO_new_mem_buf(chain_pem.p, (int)chain_pem.n);
        BIO *key = BIO_new_mem_buf(key_pem.p, (int)key_pem.n);
        X509 *next;
        bool is_whole = false;

        if (l && chain && key) {
                l->name = sp_str(sp_str_dup(name), name.n);
                l->certificate = PEM_read_bio_X509(chain, NULL, NULL, NULL);
                l->chain = sk_X509_new_null();
                l->key = PEM_read_bio_PrivateKey(key, NULL, NULL, NULL);
                while (l->chain && (next = PEM_read_bio_X509(chain, NULL, NULL, NULL)))
                        if (sk_X509_push(l->chain, next) == 0)
                                X509_free(next);
                ERR_clear_error(); /* the end of the PEM text is reported as an error */
                is_whole = l->name.p && l->certificate && l->chain && l->key &&
                           X509_check_private_key(l->certificate, l->key) == 1;
        }
        BIO_free(chain);
        BIO_free(key);
        if (!is_whole) {
                leaf_free(l);
                return -EINVAL;
        }
        *ret = l;
        return 0;
}

static int keep_leaf(struct sp_tls *t, struct sp_str name, struct sp_str chain_pem,
                     struct sp_str key_pem)
{
        struct leaf *l;
        int r = parse_leaf(name, chain_pem, key_pem, &l);

        if (r < 0)
                return r;
        if (t->n_leaves == SP_TLS_LEAVES_MAX)
                drop_oldest(t);
        l->next = t->leaves;
        t->leaves = l;
        t->n_leaves++;
        return 0;
}

static void remove_question(struct question *q)
{
        struct question **at = &q->tls->questions;

        while (*at != q)
                at = &(*at)->next;
        *at = q->next;
}

static void answer(void *userdata, int err, struct sp_str chain_pem,
                   struct sp_str key_pem)
{
        struct question *q = userdata;

        if (!q->tls) {
                question_free(q);
                return;
        }
        q->err = err ? -abs(err) : keep_leaf(q->tls, q->name, chain_pem, key_pem);
        if (q->err)
                sp_log(SP_LOG_DEBUG, "no leaf certificate: %s", strerror(-q->err));
        q->is_answered = true;
        if (q->is_asking)
                return; /* sp_tls_leaf goes on */
        remove_question(q);
        while (q->waiting) {
                struct sp_tls_wait *w = q->waiting;

                sp_tls_cancel(w);
                w->ready(w, q->err);
        }
        question_free(q);
}

static int ask(struct sp_tls *t, struct sp_str name, struct question **ret)
{
        struct question *q = calloc(1, sizeof(*q));
        char *copy = sp_str_dup(name);
        int r;

        if (!q || !copy) {
                free(q);
                free(copy);
                return -ENOMEM;
        }
        q->name = sp_str(copy, name.n);
        q->tls = t;
        q->next = t->questions;
        t->questions = q;
        q->is_asking = true;
        t->get_leaf(t->userdata, q->name, answer, q);
        q->is_asking = false;
        if (!q->is_answered) {
                *ret = q;
                return 0;
        }
        r = q->err ? q->err : 1;
        remove_question(q);
        question_free(q);
        return r;
}

int sp_tls_leaf(struct sp_tls *t, struct sp_str name, struct sp_tls_wait *w)
{
        struct question *q;
        int r;

        assert(!w->prev);
        if (find_leaf(t, name))
                return 1;
        for (q = t->questions; q; q = q->next)
                if (sp_str_eq(q->name, name))
                        break;
        if (!q) {
                r = ask(t, name, &q);
                if (r != 0)
                        return r;
        }
        w->next = q->waiting;
        w->prev = &q->waiting;
        if (w->next)
                w->next->prev = &w->next;
        q->waiting = w;
        return 0;
}

void sp_tls_cancel(struct sp_tls_wait *w)
{
        if (!w->prev)
                return;
        *w->prev = w->next;
        if (w->next)
                w->next->prev = w->prev;
        w->next = NULL;
        w->prev = NULL;
}

int sp_tls_open(struct sp_tls *t, struct sp_str name, struct sp_tls_io *io, SSL **ret)
{
        struct leaf *l = find_leaf(t, name);
        SSL *ssl;
        BIO *b;

        if (!l)
                return -ENOENT;
        ssl = SSL_new(t->context);
        b = BIO_new(t->io);
        if (!ssl || !b) {
                SSL_free(ssl);
                BIO_free(b);
                return -ENOMEM;
        }
        BIO_set_data(b, io);
        BIO_set_init(b, 1);
        SSL_set_bio(ssl, b, b);
        SSL_set_accept_state(ssl);
        if (SSL_use_cert_and_key(ssl, l->certificate, l->key, l->chain, 1) != 1) {
                SSL_free(ssl);
                ERR_clear_error();
                return -EINVAL;
        }
        *ret = ssl;
        return 0;
}

bool sp_tls_name_is(const SSL *ssl, struct sp_str name)
{
        const char *inside = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
        struct sp_str canonical;
        char to[256];

        return inside && sp_host_canonical(sp_str_c(inside), to, &canonical) == 0 &&
               sp_str_eq(canonical, name);
}

bool sp_tls_is_h2(const SSL *ssl)
{
        const unsigned char *p;
        unsigned n;

        SSL_get0_alpn_selected(ssl, &p, &n);
        return sp_str_eq(sp_str((const char *)p, n), SP_STR("h2"));
}
