/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/recorder/db.h"

#include <errno.h>
#include <time.h>

#define WRITE_BUFFER_BYTES (4u << 20)
#define CACHE_BYTES (4u << 20) /* twice: facts have their own options */
#define WAL_BYTES (32u << 20) /* replayed at open: bounds the start-up time */
#define OPEN_FILES_MAX 256
#define LOG_FILE_BYTES (1u << 20)

static const char *const cf_names[SP_CF_MAX_] = {
        [SP_CF_DEFAULT] = "default",
        [SP_CF_RECORDS] = "records",
        [SP_CF_SESSIONS] = "sessions",
        [SP_CF_FACTS] = "facts",
};

int sp_db_error(char *error, const char *doing, struct sp_err *reterr)
{
        int code = -EIO;
        const char *id = "store.io";

        if (!error)
                return 0;
        /* The C API hands out Status::ToString only: "IO error: No space left on
         * device: …", "Corruption: …" */
        if (strstr(error, "No space") || strstr(error, "NoSpace"))
                code = -ENOSPC, id = "store.full";
        else if (strncmp(error, "Corruption", 10) == 0)
                code = -EBADMSG, id = "store.damaged";
        else if (strstr(error, "does not exist") || strstr(error, "No such file"))
                code = -ENOENT;
        (void)sp_err_set(reterr, code, id, "", "%s: %s", doing, error);
        rocksdb_free(error);
        return code;
}

/* Expired facts go away when their file is compacted; recall checks the time itself. */
static unsigned char is_expired(void *state, int level, const char *key, size_t key_n,
                                const char *value, size_t value_n, char **new_value,
                                size_t *new_value_n, unsigned char *value_changed)
{
        uint64_t expires_s = value_n >= 8 ? sp_get_be64(value) : 0;

        (void)state, (void)level, (void)key, (void)key_n, (void)new_value,
                (void)new_value_n;
        *value_changed = 0;
        return expires_s && expires_s < (uint64_t)time(NULL);
}

static const char *expiry_name(void *state)
{
        (void)state;
        return "sallyport.expiry";
}

static void nothing(void *state)
{
        (void)state;
}

static rocksdb_options_t *options_new(bool read_only, bool lenient)
{
        rocksdb_options_t *o = rocksdb_options_create();
        rocksdb_block_based_table_options_t *t = rocksdb_block_based_options_create();
        rocksdb_cache_t *cache = rocksdb_cache_create_lru(CACHE_BYTES);

        rocksdb_block_based_options_set_block_cache(t, cache);
        rocksdb_options_set_block_based_table_factory(o, t);
        rocksdb_cache_destroy(cache); /* the options hold a reference of their own */
        rocksdb_block_based_options_destroy(t);

        rocksdb_options_set_create_if_missing(o, !read_only);
        rocksdb_options_set_create_missing_column_families(o, !read_only);
        rocksdb_options_set_write_buffer_size(o, WRITE_BUFFER_BYTES);
        rocksdb_options_set_max_write_buffer_number(o, 2);
        rocksdb_options_set_max_total_wal_size(o, WAL_BYTES);
        rocksdb_options_set_max_open_files(o, OPEN_FILES_MAX);
        rocksdb_options_set_max_background_jobs(o, 2);
        rocksdb_options_set_compression(o, rocksdb_lz4_compression);
        rocksdb_options_set_paranoid_checks(o, 1);
        rocksdb_options_set_stats_dump_period_sec(o, 0);
        rocksdb_options_set_stats_persist_period_sec(o, 0);
        rocksdb_options_set_info_log_level(o, 3); /* ERROR */
        rocksdb_options_set_keep_log_file_num(o, 2);
        rocksdb_options_set_max_log_file_size(o, LOG_FILE_BYTES);
        if (read_only) /* no LOG of a reader in the recorder's directory */
                rocksdb_options_set_db_log_dir(o, "/dev/null/none");
        /* The default, point in time, silently forgets everything behind a damaged
         * byte of the log. A log that merely ends early is what a crash leaves. */
        rocksdb_options_set_wal_recovery_mode(
                o, lenient ? rocksdb_point_in_time_recovery
                           : rocksdb_tolerate_corrupted_tail_records_recovery);
        return o;
}

int sp_db_open(struct sp_db *db, const char *dir, bool read_only, bool lenient,
               struct sp_err *reterr)
{
        const rocksdb_options_t *o[SP_CF_MAX_];
        char *error = NULL;

        *db = (struct sp_db){ .options = options_new(read_only, lenient),
                              .facts_options = options_new(read_only, lenient) };
        db->expiry =
                rocksdb_compactionfilter_create(NULL, nothing, is_expired, expiry_name);
        rocksdb_options_set_compaction_filter(db->facts_options, db->expiry);
        for (int i = 0; i < SP_CF_MAX_; i++)
                o[i] = i == SP_CF_FACTS ? db->facts_options : db->options;
        if (read_only)
                db->db = rocksdb_open_for_read_only_column_families(
                        db->options, dir, SP_CF_MAX_, cf_names, o, db->cf, 0, &error);
        else
                db->db = rocksdb_open_column_families(db->options, dir, SP_CF_MAX_,
                                                      cf_names, o, db->cf, &error);
        if (!db->db) {
                sp_db_close(db);
                return sp_db_error(error, "cannot open the record store", reterr);
        }
        return 0;
}

void sp_db_close(struct sp_db *db)
{
        for (int i = 0; i < SP_CF_MAX_; i++)
                if (db->db && db->cf[i])
                        rocksdb_column_family_handle_destroy(db->cf[i]);
        if (db->db)
                rocksdb_close(db->db);
        if (db->options)
                rocksdb_options_destroy(db->options);
        if (db->facts_options)
                rocksdb_options_destroy(db->facts_options);
        if (db->expiry)
                rocksdb_compactionfilter_destroy(db->expiry);
        *db = (struct sp_db){ 0 };
}
