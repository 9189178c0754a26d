#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Protected fields inside of records and lists, end to end: queries, previews, copies, records.

Run by `make e2e`."""
import json
import os
import sys
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import world as w  # noqa: E402

W = None
FIELDS = ("masks:\n  - name: ssn",
          "masks:\n"
          "  - { name: street, columns: [acme-prod.crm.contacts.address.street], mask: redact }\n"
          "  - { name: zip, columns: [acme-prod.crm.contacts.address.zip], mask: \"null\" }\n"
          "  - { name: number, columns: [acme-prod.crm.contacts.phones.number],"
          " mask: { partial: { keep_last: 2 } } }\n"
          "  - name: ssn")
RAW = ("James", "Navy", "Binnenweg", "SW1Y", "10001", "555")
MASKED = [
    {"id": 1, "address": {"street": "[redacted]", "city": "London", "zip": None},
     "phones": [{"kind": "home", "number": "**********01"},
                {"kind": "work", "number": "**********02"}]},
    {"id": 2, "address": {"street": "[redacted]", "city": "New York", "zip": None},
     "phones": [{"kind": "work", "number": "*********03"}]},
    {"id": 3, "address": None, "phones": []},
    {"id": 4, "address": {"street": "[redacted]", "city": "Rotterdam", "zip": None},
     "phones": [{"kind": "mobile", "number": None}]},
]


class Records(unittest.TestCase):
    def rows(self, sql, *more):
        with W.changed_policy(FIELDS):
            a = W.query(sql, *more)
        self.assertTrue(a["ok"], (sql, a))
        for raw in RAW:
            self.assertNotIn(raw, json.dumps(a["rows"]), sql)
        return a["rows"]

    def test_a_query_and_a_preview_show_the_same_records(self):
        self.assertEqual(self.rows("SELECT * FROM crm.contacts ORDER BY id"), MASKED)
        preview = self.rows("crm.contacts", "--mode", "rows")
        self.assertEqual(sorted(preview, key=lambda r: r["id"]), MASKED)

    def test_fields_are_masked_by_whatever_way_they_are_read(self):
        for sql, want in (
                ("SELECT address.street AS x FROM crm.contacts ORDER BY id",
                 ["[redacted]", "[redacted]", None, "[redacted]"]),
                ("SELECT p.number AS x FROM crm.contacts AS c, c.phones AS p WITH OFFSET AS o "
                 "ORDER BY c.id, o", ["**********01", "**********02", "*********03", None]),
                ("SELECT TO_JSON_STRING(address) AS x FROM crm.contacts WHERE id = 1",
                 ['{"street":"[redacted]","city":"London","zip":null}']),
                ("SELECT COUNT(*) AS x FROM crm.contacts WHERE address.street = '1 Navy Yard'", [0]),
                ("SELECT ARRAY_LENGTH(phones) AS x FROM crm.contacts ORDER BY id", [2, 1, 0, 1]),
                ("SELECT address.city AS x FROM crm.contacts ORDER BY id",
                 ["London", "New York", None, "Rotterdam"])):
            self.assertEqual([r["x"] for r in self.rows(sql)], want, sql)

    def test_a_copy_is_masked_already(self):
        self.rows("CREATE TABLE analytics.contacts_copy AS SELECT * FROM crm.contacts")
        a = W.query("SELECT * FROM analytics.contacts_copy ORDER BY id")
        self.assertEqual(a["rows"], MASKED, a)

    def test_the_record_names_the_field_and_who_read_it(self):
        self.rows("SELECT address AS whole_address, id FROM crm.contacts")
        rows = json.loads(W.ctl("sessions", "columns", "--column", "crm.contacts.address.street",
                                "--json", "--store", W.store()).stdout)["columns"]
        self.assertIn(("acme-prod.crm.contacts.address.street", "reaches whole_address",
                       "redact by policy.yaml#street"),
                      [(r["column"], r["how"], r["masked"]) for r in rows])


if __name__ == "__main__":
    w.run_tests(globals())
