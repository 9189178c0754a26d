/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/fuzz/sql_catalog — the few tables that generated statements are resolved over.
 */
#pragma once

#include "daemon/sql/lineage.h"

static const char sql_catalog[] =
        "{\"tables\":{"
        "\"shop.people\":["
        "{\"name\":\"id\",\"type\":\"INT64\"},"
        "{\"name\":\"name\",\"type\":\"STRING\"},"
        "{\"name\":\"age\",\"type\":\"INT64\"},"
        "{\"name\":\"tags\",\"type\":\"ARRAY<STRING>\"},"
        "{\"name\":\"home\",\"type\":\"STRUCT<city STRING, at STRUCT<lat FLOAT64, lon "
        "FLOAT64>>\"}],"
        "\"shop.orders\":["
        "{\"name\":\"id\",\"type\":\"INT64\"},"
        "{\"name\":\"person_id\",\"type\":\"INT64\"},"
        "{\"name\":\"total\",\"type\":\"NUMERIC\"},"
        "{\"name\":\"note\",\"type\":\"STRING\"},"
        "{\"name\":\"items\",\"type\":\"ARRAY<STRUCT<sku STRING, price FLOAT64, parts "
        "ARRAY<STRUCT<n INT64>>>>\"},"
        "{\"name\":\"address\",\"type\":\"STRUCT<city STRING, zip STRING>\"}],"
        "\"shop.wide\":["
        "{\"name\":\"a\",\"type\":\"INT64\"},{\"name\":\"b\",\"type\":\"INT64\"},"
        "{\"name\":\"c\",\"type\":\"INT64\"},{\"name\":\"d\",\"type\":\"INT64\"}],"
        "\"shop.vals\":{\"columns\":[{\"name\":\"v\",\"type\":\"STRUCT<a INT64, b "
        "STRING>\"}],\"value_table\":true},"
        "\"acme.shop.people\":[{\"name\":\"id\",\"type\":\"INT64\"},"
        "{\"name\":\"secret\",\"type\":\"JSON\"},{\"name\":\"any\",\"type\":null}],"
        "\"t\":[{\"name\":\"a\",\"type\":\"INT64\"},{\"name\":\"b\",\"type\":"
        "\"STRING\"},"
        "{\"name\":\"arr\",\"type\":\"ARRAY<STRUCT<x INT64, y STRING>>\"}]"
        "}}";
