#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Signing in by ID tokens, which a process of its own checks: keys that change, many at once, that
process gone or hanging. The roles have users of their own.

Run by `make e2e`."""
import base64
import concurrent.futures
import contextlib
import datetime
import json
import os
import signal
import sys
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import world as w  # noqa: E402

W = None
SETTINGS = "users: { worker: daemon, recorder: bin, verifier: games }\n"
STS = ["https://sts.googleapis.com/v1/token", "-d",
       "grant_type=urn:ietf:params:oauth:grant-type:token-exchange", "-d",
       "subject_token_type=urn:ietf:params:oauth:token-type:jwt"]
ACCOUNT = "https://iamcredentials.googleapis.com/v1/projects/-/serviceAccounts/x@y.iam.gserviceaccount.com"


def curl(*args):
    p = W.agent(["curl", "-sS", "--max-time", "30", *args])
    with contextlib.suppress(json.JSONDecodeError):
        return json.loads(p.stdout)
    raise RuntimeError(p.stdout + p.stderr)


def sign_in(token):
    return curl(*STS, "--data-urlencode", "subject_token=" + token)


# $1: a file with an ID token, the rest: how it is sent. Shows the answer, and leaves the token in $T.
FIRST = """F=$1; shift
A=$(curl -sS --max-time 30 "$@" --data-urlencode "subject_token@$F" | tr -d '\\n'); echo "$A"
T=$(echo "$A" | sed -n 's/.*"access_token": *"\\([^"]*\\)".*/\\1/p')
"""
QUERY = ("-H 'content-type: application/json' -d '{\"query\":\"SELECT 1\",\"useLegacySql\":false}' "
         "https://bigquery.googleapis.com/bigquery/v2/projects/acme-prod/queries")


class SignIn(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        os.chmod(W.path("pki", "upstream-ca.crt"), 0o644)
        cls.keys = W.path("pki", "oidc-jwks.json")

    def verifier(self):
        return w.wait_for("a verifier", lambda: W.pids("verifier"))[0]

    def source(self, name, token):
        path = W.path("home", name + ".jwt")
        with open(path, "w") as f:
            f.write(token)
        os.chmod(path, 0o644)
        return path

    def new_key(self, kid):
        """A P-256 key: the path of its private half, and its public half as a JWK."""
        path = W.path("pki", kid + ".key")
        W.run(["openssl", "ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", path])
        W.run(["openssl", "ec", "-in", path, "-pubout", "-outform", "DER", "-out", path + ".der"])
        with open(path + ".der", "rb") as f:
            point = f.read()[-64:]

        def b64(b):
            return base64.urlsafe_b64encode(b).decode().rstrip("=")
        return path, {"kty": "EC", "crv": "P-256", "use": "sig", "alg": "ES256", "kid": kid,
                      "x": b64(point[:32]), "y": b64(point[32:])}

    @contextlib.contextmanager
    def published(self, jwk):
        """Both issuers of the world have this key instead of theirs."""
        with open(self.keys) as f:
            old = f.read()
        try:
            with open(self.keys, "w") as f:
                json.dump({"keys": [jwk]}, f)
            yield
        finally:
            with open(self.keys, "w") as f:
                f.write(old)
            W.reload_policy()

    def test_the_verifier_has_a_user_of_its_own_and_no_rights(self):
        with open(f"/proc/{self.verifier()}/status") as f:
            status = dict(line.rstrip("\n").split(":\t", 1) for line in f if ":\t" in line)
        self.assertNotIn(status["Uid"].split()[0], ("0", "1", "2"))
        self.assertEqual(int(status["CapEff"], 16) | int(status["CapPrm"], 16), 0)
        self.assertEqual((status["Seccomp"], status["NoNewPrivs"]), ("2", "1"))

    def test_many_who_sign_in_at_once_all_do(self):
        source = self.source("many", W.oidc_token())
        script = ("for i in $(seq 24); do curl -sS --max-time 30 \"$@\" & done; wait")
        p = W.agent(["sh", "-c", script, "-", *STS, "--data-urlencode",
                     "subject_token@" + source])
        self.assertEqual(p.stdout.count('"access_token"'), 24, p.stdout + p.stderr)

    def test_what_is_no_token_or_signed_by_others_is_refused_by_name(self):
        path, _ = self.new_key("forged")
        for token, error in (
                ("x.y.z", "identity.malformed"),
                ("a" * 20000, "identity.malformed"),
                (W.oidc_token("--alg", "ES256", "--kid", "test-es256", "--key", path),
                 "identity.signature"),
                (W.oidc_token("--alg", "ES256", "--kid", "other", "--key", path),
                 "identity.unknown-key"),
                (W.oidc_token("--iss", "https://evil.example"), "identity.unknown-issuer")):
            a = sign_in(token)
            self.assertNotIn("access_token", a, error)
            self.assertIn(error, json.dumps(a), error)

    def test_a_token_for_the_same_person_ends_with_the_first(self):
        source = self.source("short", W.oidc_token("--sub", "ann@example.test", "--exp-in=120"))
        p = W.agent(["sh", "-c", FIRST + f"""
S=$(curl -sS --max-time 30 -H "Authorization: Bearer $T" -H 'content-type: application/json' \
    -d '{{"scope":["https://www.googleapis.com/auth/bigquery"]}}' {ACCOUNT}:generateAccessToken)
echo "$S" | tr -d '\\n'; echo
U=$(echo "$S" | sed -n 's/.*"accessToken": *"\\([^"]*\\)".*/\\1/p')
curl -sS --max-time 30 -H "Authorization: Bearer $U" {QUERY}""", "-", source, *STS])
        first, second, rows = p.stdout.split("\n", 2)
        self.assertLessEqual(json.loads(first)["expires_in"], 120)
        end = datetime.datetime.fromisoformat(
            json.loads(second)["expireTime"].replace("Z", "+00:00"))
        left = (end - datetime.datetime.now(datetime.timezone.utc)).total_seconds()
        self.assertTrue(0 < left <= 121, left)
        self.assertIn('"rows"', rows, p)

    def test_an_issuer_that_changes_its_keys_is_asked_again(self):
        self.assertIn("access_token", sign_in(W.oidc_token("--iss", w.DISCOVERED)))
        path, jwk = self.new_key("rotated")
        token = W.oidc_token("--iss", w.DISCOVERED, "--alg", "ES256", "--kid", "rotated", "--key",
                             path)
        with self.published(jwk):
            w.wait_for("the new key", lambda: "access_token" in sign_in(token), 40)
            a = sign_in(W.oidc_token("--iss", w.DISCOVERED))
            self.assertIn("identity.unknown-key", json.dumps(a))  # the old one is gone
        w.wait_for("the old key", lambda: "access_token" in sign_in(
            W.oidc_token("--iss", w.DISCOVERED)), 40)

    def test_a_key_file_that_changed_counts_from_the_reload_on(self):
        path, jwk = self.new_key("filed")
        token = W.oidc_token("--alg", "ES256", "--kid", "filed", "--key", path)
        with self.published(jwk):
            self.assertIn("identity.unknown-key", json.dumps(sign_in(token)))
            W.reload_policy()
            self.assertIn("access_token", sign_in(token))
            self.assertIn("identity.unknown-key", json.dumps(sign_in(W.oidc_token())))
        self.assertIn("access_token", sign_in(W.oidc_token()))

    def test_while_the_verifier_is_away_nobody_signs_in_and_sessions_go_on(self):
        source = self.source("long", W.oidc_token())
        there, go = W.path("home", "there"), W.path("home", "go")
        script = FIRST + f"""
touch {there}; while ! [ -e {go} ]; do sleep 0.1; done
curl -sS --max-time 4 -H "Authorization: Bearer $T" {QUERY}"""
        with concurrent.futures.ThreadPoolExecutor() as pool:
            session = pool.submit(W.agent, ["sh", "-c", script, "-", source, *STS])
            w.wait_for("the session", lambda: os.path.exists(there))
            pid, before = self.verifier(), len(W.log("sallyportd"))
            os.kill(pid, signal.SIGSTOP)
            refused = pool.submit(sign_in, W.oidc_token())
            with open(go, "w"):
                pass
            self.assertIn('"rows"', session.result().stdout)
            # it hangs: the warden ends it before the question is late
            self.assertIn("identity.verifier", json.dumps(refused.result()))
        self.assertIn("verifier 0", W.log("sallyportd")[before:])
        w.wait_for("another", lambda: "access_token" in sign_in(W.oidc_token()))
        self.assertNotEqual(self.verifier(), pid)
        for _ in range(5):  # it crashes
            os.kill(self.verifier(), signal.SIGKILL)
            w.wait_for("another", lambda: "access_token" in sign_in(W.oidc_token()))


if __name__ == "__main__":
    w.run_tests(globals(), settings=SETTINGS)
