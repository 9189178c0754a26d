/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/google/storage.h"

#include <errno.h>

#include "daemon/google/methods.h"

#define P(x) (1u << SP_PARAMETER_##x)
#define B "b/{bucket}"
#define O B "/o/{object}"
#define DENY SP_HANDLING_DENY
#define READ SP_HANDLING_READ
#define OBJECT_MAX 1024
#define BUCKET_MAX 222

static const char writes[] = "nothing is written to buckets: data would leave by them";

static const struct sp_method_info methods[] = {
        { "storage.buckets.delete", "DELETE", B, DENY, 0, false, writes },
        { "storage.buckets.get", "GET", B, READ, P(NO_ACL), false,
          "judged as this action on gs://BUCKET; shown without access lists and keys" },
        { "storage.buckets.insert", "POST", "b", DENY, 0, true, writes },
        { "storage.buckets.list", "GET", "b", DENY, 0, false,
          "names every bucket of a project: name the bucket" },
        { "storage.buckets.patch", "PATCH", B, DENY, 0, true, writes },
        { "storage.buckets.update", "PUT", B, DENY, 0, true, writes },
        { "storage.objects.delete", "DELETE", O, DENY, 0, false, writes },
        { "storage.objects.get", "GET", O, READ,
          P(NO_ACL) | P(GENERATION) | P(IF_GENERATION), false,
          "judged as this action on gs://BUCKET; with alt=media the content, streamed "
          "as it is: masks do not reach inside; a Range is refused" },
        { "storage.objects.insert", "POST", B "/o", DENY, 0, true, writes },
        { "storage.objects.list", "GET", B "/o", READ,
          P(MAX_RESULTS) | P(PAGE_TOKEN) | P(NO_ACL) | P(PREFIX) | P(DELIMITER) |
                  P(START_OFFSET) | P(END_OFFSET),
          false, "judged as this action on gs://BUCKET; shown without access lists" },
        { "storage.objects.patch", "PATCH", O, DENY, 0, true, writes },
        { "storage.objects.update", "PUT", O, DENY, 0, true, writes },
};

const struct sp_method_info *sp_storage_methods(size_t *ret_n)
{
        *ret_n = SP_ARRAY_SIZE(methods);
        return methods;
}

bool sp_storage_bucket_is_valid(struct sp_str bucket)
{
        if (bucket.n < 3 || bucket.n > BUCKET_MAX || bucket.p[0] == '.' ||
            memmem(bucket.p, bucket.n, "..", 2))
                return false;
        for (size_t i = 0; i < bucket.n; i++) {
                char c = bucket.p[i];

                if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' ||
                      c == '_' || c == '.'))
                        return false;
        }
        return true;
}

bool sp_storage_object_is_valid(struct sp_str object)
{
        if (object.n == 0 || object.n > OBJECT_MAX || !sp_str_is_utf8(object) ||
            sp_str_eq(object, SP_STR(".")) || sp_str_eq(object, SP_STR("..")))
                return false;
        for (size_t i = 0; i < object.n; i++)
                if ((unsigned char)object.p[i] < 0x20 || object.p[i] == 0x7F)
                        return false;
        return true;
}

static int read_object(struct sp_arena *a, struct sp_str raw, struct sp_str *ret,
                       struct sp_err *reterr)
{
        struct sp_str object;
        int e = sp_url_decode(a, raw, &object);

        if (e == -ENOMEM)
                return e;
        if (e < 0 || !sp_storage_object_is_valid(object))
                return sp_err_set(
                        reterr, -EINVAL, "request.path", "",
                        "the name of the object is not 1 to %d bytes of UTF-8 "
                        "without control characters, or is '.' or '..'",
                        OBJECT_MAX);
        *ret = object;
        return 0;
}

int sp_storage_path(struct sp_arena *a, const struct sp_request *r,
                    enum sp_service service, struct sp_str *ret_path,
                    struct sp_str *ret_object, struct sp_err *reterr)
{
        struct sp_str download = SP_STR("/download"), root = SP_STR("/storage/v1/b/");
        struct sp_str path = r->path, bucket, rest, object;
        size_t from;
        int e;

        *ret_path = r->path;
        *ret_object = SP_STR_NULL;
        if (service != SP_SERVICE_STORAGE && service != SP_SERVICE_GOOGLEAPIS)
                return 0;
        if (sp_str_starts(path, download))
                path = sp_str_sub(path, download.n, path.n);
        if (!sp_str_starts(path, root) || path.n > SP_URL_PATH_MAX)
                return 0;
        rest = sp_str_sub(path, root.n, path.n);
        if (!sp_str_cut(rest, '/', &bucket, &rest) ||
            !sp_str_starts(rest, SP_STR("o/")) || rest.n == 2) {
                *ret_path = path;
                return 0;
        }
        from = (size_t)(rest.p - path.p) + 2;
        (void)sp_str_cut(sp_str_sub(rest, 2, rest.n), '/', &object, &rest);
        e = read_object(a, object, ret_object, reterr);
        if (e < 0)
                return e;
        *ret_path = sp_arena_printf(a, "%.*s-%.*s", (int)from, path.p,
                                    SP_FMT(sp_str_sub(path, from + object.n, path.n)));
        return ret_path->p ? 0 : -ENOMEM;
}
