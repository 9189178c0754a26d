/* SPDX-License-Identifier: Apache-2.0 */
/*
 * recorder/db — RocksDB opened our way: three column families, little memory.
 *
 * Job:       open for writing or reading, close, and turn RocksDB's error texts into
 *            -errno. Known by store.c and walk.c only.
 * Ownership: struct sp_db owns all handles.
 * Errors:    -ENOSPC, -EBADMSG (damaged), -ENOENT (nothing there, read only), -EIO.
 */
#pragma once

#include <pthread.h>
#include <rocksdb/c.h>
#include <stdatomic.h>

#include "daemon/recorder/bodies.h"
#include "daemon/recorder/chain.h"

enum sp_cf { SP_CF_DEFAULT, SP_CF_RECORDS, SP_CF_SESSIONS, SP_CF_FACTS, SP_CF_MAX_ };

struct sp_db {
        rocksdb_t *db;
        rocksdb_column_family_handle_t *cf[SP_CF_MAX_];
        rocksdb_options_t *options, *facts_options;
        rocksdb_compactionfilter_t *expiry;
};

/* `lenient`: replay a damaged log up to the damage instead of failing; read only. */
sp_must_check int sp_db_open(struct sp_db *db, const char *dir, bool read_only,
                             bool lenient, struct sp_err *reterr);
void sp_db_close(struct sp_db *db);
/* Frees `error` (NULL: returns 0). */
int sp_db_error(char *error, const char *doing, struct sp_err *reterr);

struct sp_store {
        /* Held for reading by whoever uses `db`, for writing while it is reopened. */
        pthread_rwlock_t lock;
        struct sp_db db;
        char *dir;
        struct sp_store_options options;
        bool is_broken; /* a write failed: reopen before the next */
        struct sp_chain_head head;
        struct sp_chain_head witness; /* chain-head file as it was before opening */
        int has_witness; /* 0, or why not: -errno */
        int head_fd;
        struct sp_bodies bodies; /* of their own thread */
        atomic_bool has_moved; /* opened again: the files of bodies are to be, too */
        bool is_damaged; /* opened for an audit, without what is behind the damage */
};
