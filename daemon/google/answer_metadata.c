/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The metadata server that clients look for on the way to default credentials. One
 * service account, "default", whose token is good only inside the guarded cgroup.
 */
#include <errno.h>

#include "daemon/google/answer.h"
#include "daemon/google/url.h"
#include "daemon/google/write.h"

#define SCOPES                                                                         \
        "https://www.googleapis.com/auth/bigquery\n"                                   \
        "https://www.googleapis.com/auth/cloud-platform\n"

enum value { TEXT, PROJECT, EMAIL, TOKEN, ACCOUNT, ACCOUNTS };

/* Paths without a trailing slash; "*" as a segment is the service account: "default" or
 * its address. A directory's text lists what is below it. */
static const struct node {
        const char *path;
        enum value value;
        const char *text;
} nodes[] = {
        { "computeMetadata", TEXT, "v1/\n" },
        { "computeMetadata/v1", TEXT, "instance/\nproject/\nuniverse/\n" },
        { "computeMetadata/v1/project", TEXT,
          "attributes/\nnumeric-project-id\nproject-id\n" },
        { "computeMetadata/v1/project/project-id", PROJECT, NULL },
        { "computeMetadata/v1/project/numeric-project-id", TEXT, "0" },
        { "computeMetadata/v1/project/attributes", TEXT, "" },
        { "computeMetadata/v1/universe", TEXT, "universe-domain\n" },
        { "computeMetadata/v1/universe/universe-domain", TEXT, "googleapis.com" },
        { "computeMetadata/v1/universe/universe_domain", TEXT, "googleapis.com" },
        { "computeMetadata/v1/instance", TEXT,
          "attributes/\nhostname\nid\nname\nservice-accounts/\nzone\n" },
        { "computeMetadata/v1/instance/attributes", TEXT, "" },
        { "computeMetadata/v1/instance/hostname", TEXT, "sallyport.internal" },
        { "computeMetadata/v1/instance/id", TEXT, "0" },
        { "computeMetadata/v1/instance/name", TEXT, "sallyport" },
        { "computeMetadata/v1/instance/zone", TEXT,
          "projects/0/zones/sallyport-local-a" },
        { "computeMetadata/v1/instance/service-accounts", ACCOUNTS, NULL },
        { "computeMetadata/v1/instance/service-accounts/*", ACCOUNT, NULL },
        { "computeMetadata/v1/instance/service-accounts/*/aliases", TEXT, "default\n" },
        { "computeMetadata/v1/instance/service-accounts/*/email", EMAIL, NULL },
        { "computeMetadata/v1/instance/service-accounts/*/scopes", TEXT, SCOPES },
        { "computeMetadata/v1/instance/service-accounts/*/token", TOKEN, NULL },
};

static bool is_account(struct sp_str s, struct sp_str email)
{
        return sp_str_eq(s, SP_STR("default")) || sp_str_eq(s, email);
}

static bool node_matches(const struct node *n, const struct sp_url_path *path,
                         struct sp_str email)
{
        struct sp_str rest = sp_str_c(n->path), head;

        for (size_t i = 0;; i++) {
                bool more = sp_str_cut(rest, '/', &head, &rest);

                if (i >= path->n)
                        return false;
                if (sp_str_eq(head, SP_STR("*")) ? !is_account(path->segments[i], email)
                                                 : !sp_str_eq(head, path->segments[i]))
                        return false;
                if (!more)
                        return i + 1 == path->n;
        }
}

static void write_account(struct sp_jsonw *w, struct sp_str email)
{
        sp_jsonw_open(w, '{');
        sp_jsonw_key(w, "aliases");
        sp_jsonw_open(w, '[');
        sp_jsonw_str(w, SP_STR("default"));
        sp_jsonw_close(w, ']');
        sp_jsonw_kstr(w, "email", email);
        sp_jsonw_key(w, "scopes");
        sp_jsonw_open(w, '[');
        sp_jsonw_str(w, SP_STR("https://www.googleapis.com/auth/bigquery"));
        sp_jsonw_str(w, SP_STR("https://www.googleapis.com/auth/cloud-platform"));
        sp_jsonw_close(w, ']');
        sp_jsonw_close(w, '}');
}

static struct sp_str accounts_json(struct sp_arena *a, struct sp_str email,
                                   bool is_list)
{
        sp_autobuf b = SP_BUF_INIT(64 * 1024);
        struct sp_jsonw w = SP_JSONW(&b);

        if (is_list) {
                sp_jsonw_open(&w, '{');
                sp_jsonw_key(&w, "default");
                write_account(&w, email);
                sp_jsonw_key_str(&w, email);
        }
        write_account(&w, email);
        if (is_list)
                sp_jsonw_close(&w, '}');
        return sp_write_end(a, &w);
}

static bool is_recursive(const struct sp_header *parameters, size_t n)
{
        for (size_t i = 0; i < n; i++)
                if (sp_str_eq(parameters[i].name, SP_STR("recursive")))
                        return sp_str_caseeq(parameters[i].value, SP_STR("true"));
        return false;
}

static int answer_node(struct sp_arena *a, const struct node *n, struct sp_str project,
                       struct sp_str email, bool recursive,
                       struct sp_metadata_answer *ret)
{
        struct sp_metadata_answer out = { .status = 200,
                                          .content_type = "application/text" };
        bool is_json = recursive && (n->value == ACCOUNT || n->value == ACCOUNTS);

        switch (n->value) {
        case TEXT:
                out.body = sp_str_c(n->text);
                break;
        case PROJECT:
                out.body = project;
                break;
        case EMAIL:
                out.body = email;
                break;
        case TOKEN:
                out.needs_token = true;
                out.content_type = "application/json";
                break;
        case ACCOUNTS:
                out.body = is_json ? accounts_json(a, email, true)
                                   : sp_arena_printf(a, "default/\n%.*s/\n",
                                                     SP_FMT(email));
                break;
        case ACCOUNT:
                out.body = is_json ? accounts_json(a, email, false)
                                   : SP_STR("aliases\nemail\nscopes\ntoken\n");
                break;
        }
        if (is_json)
                out.content_type = "application/json";
        if (!out.body.p && !out.needs_token)
                return -ENOMEM;
        *ret = out;
        return 0;
}

static struct sp_metadata_answer refused(unsigned status, struct sp_str text)
{
        return (struct sp_metadata_answer){ .status = status,
                                            .content_type = "text/plain",
                                            .body = text };
}

int sp_answer_metadata(struct sp_arena *a, const struct sp_request *r,
                       struct sp_str project, struct sp_metadata_answer *ret)
{
        struct sp_url_path path;
        struct sp_header *parameters = NULL;
        struct sp_str email;
        size_t n = 0;

        /* the real server refuses what a proxy or a browser was tricked into sending */
        if (sp_request_header(r, "x-forwarded-for").p) {
                *ret = refused(403, SP_STR("X-Forwarded-For is not allowed\n"));
                return 0;
        }
        if (sp_url_path_read(a, r->path, &path, NULL) < 0 ||
            sp_url_query_read(a, r->query, SP_URL_QUERY_MAX, &parameters, &n, NULL) <
                    0) {
                *ret = refused(400, SP_STR("bad request\n"));
                return 0;
        }
        if (path.n == 0) { /* Go's test for "is this a Google machine" has no header */
                *ret = (struct sp_metadata_answer){ .status = 200,
                                                    .content_type = "application/text",
                                                    .body = SP_STR(
                                                            "computeMetadata/\n") };
                return 0;
        }
        if (!sp_str_eq(sp_request_header(r, "metadata-flavor"), SP_STR("Google"))) {
                *ret = refused(
                        403, SP_STR("the header Metadata-Flavor: Google is missing\n"));
                return 0;
        }
        email = sp_arena_printf(a, "sallyport@%.*s.iam.gserviceaccount.com",
                                SP_FMT(project));
        if (!email.p)
                return -ENOMEM;
        for (size_t i = 0; i < SP_ARRAY_SIZE(nodes); i++) {
                if (!node_matches(&nodes[i], &path, email))
                        continue;
                if (nodes[i].value == PROJECT && !project.n) {
                        *ret = refused(404, SP_STR("no project is configured here\n"));
                        return 0;
                }
                return answer_node(a, &nodes[i], project, email,
                                   is_recursive(parameters, n), ret);
        }
        *ret = refused(404, SP_STR("not found\n"));
        return 0;
}
