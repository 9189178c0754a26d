/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Random conditions, each computed for every row of a table: one that is true for all of
 * them must not be called selective. The seed is fixed, so a failure comes again.
 */
#include "tests/test.h"

#include "daemon/sql/sql.h"
#include "tests/unit/append.h"

#define CONDITIONS 20000
#define NODES_MAX 64
#define UNKNOWN 2 /* NULL, beside 0 and 1 */

enum op { TRUTH, FLAG, COMPARE, AND, OR, NOT, IS, IS_NULL, IN, BETWEEN, IF, COALESCE };

static const char *const compares[] = { "=", "!=", "<", "<=", ">", ">=" };
static const int constants[] = { -1, 0, 1, 2, 5, 10000000, -10000000 };

struct node {
        enum op op;
        bool is_not;
        int which; /* TRUTH: the value; COMPARE: the operator; IS: TRUE or FALSE */
        int values[3]; /* of x: constants, or NO_VALUE for NULL, or ROW for x itself */
        struct node *kids[3];
};

#define NO_VALUE 99999999
#define ROW 88888888

struct row {
        int x, flag;
};

static struct node nodes[2 * NODES_MAX]; /* those begun before the limit are ended */
static size_t n_nodes;
static uint64_t seed;

static unsigned rnd(unsigned n)
{
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        return (unsigned)(seed % n);
}

/* ---- making one ---- */

static int any_value(void)
{
        unsigned r = rnd(10);

        return r < 5   ? ROW
               : r < 6 ? NO_VALUE
                       : constants[rnd(SP_ARRAY_SIZE(constants))];
}

static struct node *make(unsigned depth)
{
        static const unsigned kids[] = {
                [AND] = 2, [OR] = 2, [NOT] = 1, [IS] = 1, [IF] = 3, [COALESCE] = 2
        };
        struct node *n = &nodes[n_nodes++];

        *n = (struct node){ .op = TRUTH, .which = (int)rnd(3) };
        if (!depth || n_nodes + 3 * depth + 3 > NODES_MAX)
                n->op = rnd(3) ? FLAG : TRUTH;
        else
                n->op = (enum op)rnd(COALESCE + 1);
        n->is_not = rnd(2);
        if (n->op == COMPARE)
                n->which = (int)rnd(SP_ARRAY_SIZE(compares));
        if (n->op == IS)
                n->which = (int)rnd(2);
        for (size_t i = 0; i < 3; i++)
                n->values[i] = any_value();
        for (size_t i = 0; i < kids[n->op]; i++)
                n->kids[i] = make(depth - 1);
        return n;
}

/* ---- writing it ---- */

static void write_value(int v, char *to, size_t size)
{
        if (v == ROW)
                append(to, size, "x");
        else if (v == NO_VALUE)
                append(to, size, "NULL");
        else
                append(to, size, "%d", v);
}

static void write_kids(const struct node *n, const char *head, const char *between,
                       const char *tail, char *to, size_t size);

static void write_node(const struct node *n, char *to, size_t size)
{
        const char *no = n->is_not ? "NOT " : "";

        switch (n->op) {
        case TRUTH:
                append(to, size, "%s",
                       n->which == UNKNOWN ? "NULL"
                       : n->which          ? "TRUE"
                                           : "FALSE");
                return;
        case FLAG:
                append(to, size, "flag");
                return;
        case COMPARE:
                write_value(n->values[0], to, size);
                append(to, size, " %s ", compares[n->which]);
                write_value(n->values[1], to, size);
                return;
        case AND:
                write_kids(n, "(", " AND ", ")", to, size);
                return;
        case OR:
                write_kids(n, "(", " OR ", ")", to, size);
                return;
        case NOT:
                write_kids(n, "NOT (", "", ")", to, size);
                return;
        case IS:
                write_kids(n, "(", "", ")", to, size);
                append(to, size, " IS %s%s", no, n->which ? "TRUE" : "FALSE");
                return;
        case IS_NULL:
                write_value(n->values[0], to, size);
                append(to, size, " IS %sNULL", no);
                return;
        case IN:
        case BETWEEN:
                write_value(n->values[0], to, size);
                append(to, size, n->op == IN ? " %sIN (" : " %sBETWEEN ", no);
                write_value(n->values[1], to, size);
                append(to, size, n->op == IN ? ", " : " AND ");
                write_value(n->values[2], to, size);
                append(to, size, n->op == IN ? ")" : "");
                return;
        case IF:
                write_kids(n, "IF(", ", ", ")", to, size);
                return;
        default:
                write_kids(n, "COALESCE(", ", ", ")", to, size);
        }
}

static void write_kids(const struct node *n, const char *head, const char *between,
                       const char *tail, char *to, size_t size)
{
        append(to, size, "%s", head);
        for (size_t i = 0; i < 3 && n->kids[i]; i++) {
                append(to, size, "%s", i ? between : "");
                write_node(n->kids[i], to, size);
        }
        append(to, size, "%s", tail);
}

/* ---- computing it: 0, 1 or UNKNOWN ---- */

static int invert(int t)
{
        return t == UNKNOWN ? UNKNOWN : !t;
}

static int both(int a, int b)
{
        return !a || !b ? 0 : a == UNKNOWN || b == UNKNOWN ? UNKNOWN : 1;
}

static int compare(int a, int which, int b, const struct row *r)
{
        int c;

        a = a == ROW ? r->x : a;
        b = b == ROW ? r->x : b;
        if (a == NO_VALUE || b == NO_VALUE)
                return UNKNOWN;
        c = a < b ? -1 : a > b;
        switch (which) {
        case 0:
                return c == 0;
        case 1:
                return c != 0;
        case 2:
                return c < 0;
        case 3:
                return c <= 0;
        case 4:
                return c > 0;
        default:
                return c >= 0;
        }
}

static int compute(const struct node *n, const struct row *r)
{
        int t, u;

        switch (n->op) {
        case TRUTH:
                return n->which;
        case FLAG:
                return r->flag;
        case COMPARE:
                return compare(n->values[0], n->which, n->values[1], r);
        case AND:
                return both(compute(n->kids[0], r), compute(n->kids[1], r));
        case OR:
                return invert(both(invert(compute(n->kids[0], r)),
                                   invert(compute(n->kids[1], r))));
        case NOT:
                return invert(compute(n->kids[0], r));
        case IS:
                return (compute(n->kids[0], r) == n->which) != n->is_not;
        case IS_NULL:
                return (n->values[0] == NO_VALUE) != n->is_not;
        case IN:
                t = compare(n->values[0], 0, n->values[1], r);
                u = compare(n->values[0], 0, n->values[2], r);
                t = invert(both(invert(t), invert(u)));
                return n->is_not ? invert(t) : t;
        case BETWEEN:
                t = both(compare(n->values[0], 5, n->values[1], r),
                         compare(n->values[0], 3, n->values[2], r));
                return n->is_not ? invert(t) : t;
        case IF:
                return compute(n->kids[compute(n->kids[0], r) == 1 ? 1 : 2], r);
        default:
                t = compute(n->kids[0], r);
                return t == UNKNOWN ? compute(n->kids[1], r) : t;
        }
}

/* ---- the test ---- */

static bool is_true_for_all(const struct node *n)
{
        static const int xs[] = { -20000000, -10000001, -10000000, -9999999, -1,
                                  0,         1,         2,         3,        5,
                                  6,         9999999,   10000000,  10000001, 30000000 };

        for (size_t i = 0; i < 2 * SP_ARRAY_SIZE(xs); i++) {
                struct row r = { xs[i / 2], (int)(i % 2) };

                if (compute(n, &r) != 1)
                        return false;
        }
        return true;
}

static enum sp_sql_where where_of(const char *condition)
{
        struct sp_arena a = SP_ARENA_INIT(1024 * 1024);
        struct sp_sql_script *s;
        struct sp_err err = SP_ERR_NULL;
        enum sp_sql_where w = SP_SQL_WHERE_NONE;
        char sql[4096];

        snprintf(sql, sizeof(sql), "DELETE s.t WHERE %s", condition);
        if (sp_sql_parse(&a, sp_str_c(sql), &s, &err) < 0)
                fail_msg("%s: %s %s", sql, err.where, err.what);
        else
                w = s->statements[0].where;
        sp_arena_done(&a);
        return w;
}

static void test_what_is_always_true_is_never_selective(void **state)
{
        size_t found[SP_SQL_WHERE_SELECTIVE + 1] = { 0 }, always = 0;

        (void)state;
        seed = 20260711;
        for (size_t i = 0; i < CONDITIONS; i++) {
                char text[4000] = "";
                const struct node *n;
                enum sp_sql_where w;

                n_nodes = 0;
                n = make(1 + rnd(4));
                write_node(n, text, sizeof(text));
                w = where_of(text);
                found[w]++;
                if (!is_true_for_all(n))
                        continue;
                always++;
                if (w == SP_SQL_WHERE_SELECTIVE)
                        fail_msg("always true, but selective: %s", text);
        }
        /* or the test would say nothing */
        assert_true(always > CONDITIONS / 20);
        assert_true(found[SP_SQL_WHERE_SELECTIVE] > CONDITIONS / 20);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_what_is_always_true_is_never_selective),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
