/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/google/service.h"

#define WORD_MAX 40
#define NAME_MAX_BYTES 256

static const struct sp_service_info services[] = {
        { "accounts", "people sign in outside the guard" },
        { "aiplatform", "Vertex AI" },
        { "analyticshub", "shares data with others" },
        { "artifactregistry", "packages and images" },
        { "bigqueryconnection", "credentials of other databases" },
        { "bigquerydatapolicy", "masks and filters of BigQuery itself" },
        { "bigquerydatatransfer", "loads and scheduled queries: run a query instead" },
        { "bigquerymigration", "translates SQL" },
        { "bigqueryreservation", "capacity and its price" },
        { "bigquerystorage", "let the client read results by REST" },
        { "calendar", "Google Workspace" },
        { "chat", "Google Workspace" },
        { "cloudbuild", "runs code under another identity" },
        { "cloudfunctions", "runs code under another identity" },
        { "cloudkms", "keys" },
        { "cloudresourcemanager", "projects, folders and their access lists" },
        { "cloudtasks", "sends requests from elsewhere" },
        { "compute", "machines and networks" },
        { "container", "clusters" },
        { "datacatalog", "what is known of data, also of what is protected" },
        { "dataflow", "runs code under another identity" },
        { "dataform", "runs SQL under another identity" },
        { "datalineage", "what is known of data, also of what is protected" },
        { "dataplex", "what is known of data, also of what is protected" },
        { "dataproc", "runs code under another identity" },
        { "datastore", "another database" },
        { "dns", "names of hosts" },
        { "drive", "Google Workspace" },
        { "firebase", "applications" },
        { "firestore", "another database" },
        { "geminidataanalytics", "runs SQL under another identity" },
        { "generativelanguage", "Gemini" },
        { "gmail", "Google Workspace" },
        { "iam", "identities, keys and roles" },
        { "logging", "logs, also those of the gateway's own queries" },
        { "monitoring", "metrics" },
        { "people", "Google Workspace" },
        { "pubsub", "messages to elsewhere" },
        { "run", "runs code under another identity" },
        { "script", "runs code under another identity" },
        { "secretmanager", "secrets" },
        { "serviceusage", "turns services on" },
        { "sheets", "Google Workspace" },
        { "spanner", "another database" },
        { "sqladmin", "another database" },
        { "storage", "Cloud Storage" },
        { "workflows", "runs code under another identity" },
};

static const struct {
        const char *label, *service;
} aliases[] = {
        { "commondatastorage", "storage" },
        { "docs", "drive" },
        { "storage.cloud", "storage" }, /* storage.cloud.google.com */
};

const struct sp_service_info *sp_service_info(size_t i)
{
        return i < SP_ARRAY_SIZE(services) ? &services[i] : NULL;
}

static const struct sp_service_info *named(struct sp_str name)
{
        for (size_t i = 0; i < SP_ARRAY_SIZE(aliases); i++)
                if (sp_str_eq(name, sp_str_c(aliases[i].label)))
                        name = sp_str_c(aliases[i].service);
        for (size_t i = 0; i < SP_ARRAY_SIZE(services); i++)
                if (sp_str_eq(name, sp_str_c(services[i].name)))
                        return &services[i];
        return NULL;
}

/* What stands behind the last `mark`: "us-central1-aiplatform", "my.bucket.storage". */
static struct sp_str behind_last(struct sp_str s, char mark)
{
        const char *at = s.n ? memrchr(s.p, mark, s.n) : NULL;

        return at ? sp_str_sub(s, (size_t)(at - s.p) + 1, s.n) : s;
}

static struct sp_str before_first(struct sp_str s, char mark)
{
        struct sp_str head, tail;

        (void)sp_str_cut(s, mark, &head, &tail);
        return head;
}

const struct sp_service_info *sp_service_of_host(struct sp_str host)
{
        /* the longer before the shorter that it ends with */
        static const struct {
                const char *suffix;
                char mark; /* what follows the service's name; 0: it is the last */
        } forms[] = {
                { ".rep.googleapis.com", '.' }, { ".p.googleapis.com", '-' },
                { ".mtls.googleapis.com", 0 },  { ".clients6.google.com", 0 },
                { ".googleapis.com", 0 },       { ".google.com", 0 },
        };

        for (size_t i = 0; i < SP_ARRAY_SIZE(forms); i++) {
                struct sp_str suffix = sp_str_c(forms[i].suffix), rest;
                const struct sp_service_info *s;

                if (!sp_str_ends(host, suffix) || host.n == suffix.n)
                        continue;
                rest = sp_str_sub(host, 0, host.n - suffix.n);
                if (forms[i].mark)
                        return named(before_first(rest, forms[i].mark));
                s = named(rest);
                if (!s && sp_str_ends(rest, SP_STR(".storage.cloud")))
                        s = named(SP_STR("storage"));
                if (!s)
                        s = named(behind_last(rest, '.'));
                return s ? s : named(behind_last(rest, '-'));
        }
        return NULL;
}

static bool is_transport(struct sp_str s)
{
        return sp_str_eq(s, SP_STR("upload")) || sp_str_eq(s, SP_STR("download")) ||
               sp_str_eq(s, SP_STR("resumable")) || sp_str_eq(s, SP_STR("batch"));
}

static size_t skip_transport(const struct sp_url_path *path)
{
        size_t i = 0;

        while (i < path->n && is_transport(path->segments[i]))
                i++;
        return i;
}

const struct sp_service_info *sp_service_of_path(const struct sp_url_path *path)
{
        size_t i = skip_transport(path);

        return i < path->n ? named(path->segments[i]) : NULL;
}

static bool is_letter(char c)
{
        return (c | 0x20) >= 'a' && (c | 0x20) <= 'z';
}

static bool is_word(struct sp_str s)
{
        if (s.n == 0 || s.n > WORD_MAX || !is_letter(s.p[0]))
                return false;
        for (size_t i = 0; i < s.n; i++)
                if (!is_letter(s.p[i]) && !(s.p[i] >= '0' && s.p[i] <= '9'))
                        return false;
        return true;
}

/* "v1", "v1beta1", "v2": not a collection. */
static bool is_version(struct sp_str s)
{
        return s.n >= 2 && s.n <= 12 && s.p[0] == 'v' && s.p[1] >= '0' && s.p[1] <= '9';
}

static struct sp_str verb_of(struct sp_str http_method, bool is_collection)
{
        if (sp_str_eq(http_method, SP_STR("GET")))
                return is_collection ? SP_STR("list") : SP_STR("get");
        if (sp_str_eq(http_method, SP_STR("POST")))
                return SP_STR("create");
        if (sp_str_eq(http_method, SP_STR("PUT")))
                return SP_STR("update");
        if (sp_str_eq(http_method, SP_STR("PATCH")))
                return SP_STR("patch");
        if (sp_str_eq(http_method, SP_STR("DELETE")))
                return SP_STR("delete");
        return SP_STR("other");
}

struct name {
        char text[NAME_MAX_BYTES];
        size_t n;
        bool is_usual;
};

static void add(struct name *to, struct sp_str word)
{
        if (!is_word(word) || to->n + word.n + 1 > sizeof(to->text)) {
                to->is_usual = false;
                return;
        }
        to->text[to->n++] = '.';
        memcpy(to->text + to->n, word.p, word.n);
        to->n += word.n;
}

/* /v1/COLLECTION/id/COLLECTION/id:verb. What takes the place of an id is never shown. */
static void add_rest(struct name *to, struct sp_str http_method,
                     const struct sp_url_path *path, size_t i)
{
        struct sp_str verb = SP_STR_NULL, word;
        size_t from = i;

        for (; i < path->n; i++) {
                bool is_last = i + 1 == path->n;

                word = path->segments[i];
                if (is_last && memchr(word.p, ':', word.n)) {
                        verb = behind_last(word, ':');
                        word = before_first(word, ':');
                }
                if ((i - from) % 2 == 0)
                        add(to, word);
        }
        add(to, verb.n ? verb : verb_of(http_method, (path->n - from) % 2 == 1));
}

const char *sp_service_method(struct sp_arena *a, const struct sp_service_info *s,
                              struct sp_str http_method, const struct sp_url_path *path)
{
        struct name name = { .is_usual = true };
        size_t i = skip_transport(path);

        if (i && sp_str_eq(path->segments[i - 1], SP_STR("batch"))) {
                add(&name, SP_STR("batch"));
        } else if (path->n == 2 &&
                   sp_str_starts(path->segments[0], SP_STR("google."))) {
                add(&name, behind_last(path->segments[0], '.'));
                add(&name, path->segments[1]);
        } else {
                if (i < path->n && sp_str_eq(path->segments[i], sp_str_c(s->name)))
                        i++;
                if (i < path->n && is_version(path->segments[i]))
                        i++;
                if (i < path->n)
                        add_rest(&name, http_method, path, i);
                else
                        name.is_usual = false;
        }
        if (!name.is_usual)
                return sp_arena_printf(a, "%s.other", s->name).p;
        return sp_arena_printf(a, "%s%.*s", s->name, (int)name.n, name.text).p;
}
