/* SPDX-License-Identifier: Apache-2.0 */
'use strict';
const test = require('node:test');
const assert = require('node:assert/strict');
const childProcess = require('node:child_process');
const crypto = require('node:crypto');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { Auth, OAuthError } = require('../lib/auth');
const { signJwt } = require('../harness');

const EMAIL = 'gateway@sallyport-demo.iam.gserviceaccount.com';
const SCOPE = 'https://www.googleapis.com/auth/bigquery';
const keys = crypto.generateKeyPairSync('rsa', { modulusLength: 2048 });
const other = crypto.generateKeyPairSync('rsa', { modulusLength: 2048 });
const auth = new Auth({
        publicKeyPem: keys.publicKey.export({ type: 'spki', format: 'pem' }),
        email: EMAIL,
});
const now = () => Math.floor(Date.now() / 1000);

const form = (assertion, grant = 'urn:ietf:params:oauth:grant-type:jwt-bearer') =>
        new URLSearchParams({ grant_type: grant, assertion });
const claims = (more) => ({
        iss: EMAIL,
        aud: 'https://oauth2.googleapis.com/token',
        scope: SCOPE,
        iat: now(),
        exp: now() + 3600,
        ...more,
});

test('a good assertion gets a token that is good for the API', () => {
        const t = auth.exchange(form(signJwt(keys.privateKey, claims())));
        assert.equal(t.expires_in, 3600);
        assert.equal(auth.check(`Bearer ${t.access_token}`), EMAIL);
});

const WRONG = [
        ['signed by another key', () => signJwt(other.privateKey, claims())],
        ['alg none', () => signJwt(keys.privateKey, claims(), { alg: 'none' })],
        ['alg HS256', () => signJwt(keys.privateKey, claims(), { alg: 'HS256' })],
        ['another issuer', () => signJwt(keys.privateKey, claims({ iss: 'x@y' }))],
        [
                'another audience',
                () =>
                        signJwt(
                                keys.privateKey,
                                claims({ aud: 'https://sts.googleapis.com' }),
                        ),
        ],
        [
                'expired',
                () =>
                        signJwt(
                                keys.privateKey,
                                claims({ iat: now() - 7200, exp: now() - 3600 }),
                        ),
        ],
        [
                'longer than an hour',
                () => signJwt(keys.privateKey, claims({ exp: now() + 3700 })),
        ],
        [
                'from the future',
                () =>
                        signJwt(
                                keys.privateKey,
                                claims({ iat: now() + 1000, exp: now() + 2000 }),
                        ),
        ],
        ['without exp', () => signJwt(keys.privateKey, claims({ exp: undefined }))],
        [
                'no BigQuery scope',
                () => signJwt(keys.privateKey, claims({ scope: 'openid' })),
        ],
        [
                'on behalf of another',
                () => signJwt(keys.privateKey, claims({ sub: 'ann@example.test' })),
        ],
        [
                'changed after signing',
                () => {
                        const [h, , s] = signJwt(keys.privateKey, claims()).split('.');
                        return [
                                h,
                                Buffer.from(
                                        JSON.stringify(claims({ scope: `${SCOPE} x` })),
                                ).toString('base64url'),
                                s,
                        ].join('.');
                },
        ],
        ['not a JWT', () => 'abc'],
        ['empty', () => ''],
];

test('assertions that get nothing', async (t) => {
        for (const [sentence, make] of WRONG)
                await t.test(sentence, () =>
                        assert.throws(() => auth.exchange(form(make())), OAuthError),
                );
        await t.test('another grant type', () =>
                assert.throws(() => auth.exchange(form('x', 'password')), OAuthError),
        );
});

test('tokens that are not ours, or too old, are 401', () => {
        const short = new Auth({
                publicKeyPem: keys.publicKey.export({ type: 'spki', format: 'pem' }),
                email: EMAIL,
                lifeSeconds: 0,
        });
        const t = short.exchange(form(signJwt(keys.privateKey, claims())));
        for (const header of [
                undefined,
                '',
                'Basic eDp5',
                'Bearer',
                'Bearer ya29.made-up',
        ])
                assert.throws(() => auth.check(header), { code: 401 });
        return new Promise((resolve) => setTimeout(resolve, 5)).then(() =>
                assert.throws(() => short.check(`Bearer ${t.access_token}`), {
                        code: 401,
                }),
        );
});

test("mint-oidc signs tokens that the issuer's JWKS verifies", () => {
        const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'oidc-'));
        try {
                const here = path.join(__dirname, '..');
                childProcess.execFileSync(path.join(here, 'make-demo-pki.sh'), [dir], {
                        stdio: 'pipe',
                });
                const jwks = JSON.parse(
                        fs.readFileSync(path.join(dir, 'oidc-jwks.json'), 'utf8'),
                );
                for (const alg of ['RS256', 'ES256']) {
                        const token = childProcess
                                .execFileSync(process.execPath, [
                                        path.join(here, 'mint-oidc.js'),
                                        '--key',
                                        path.join(dir, `oidc-${alg.toLowerCase()}.key`),
                                        '--alg',
                                        alg,
                                        '--sub',
                                        'ann',
                                        '--groups',
                                        'a,b',
                                        '--exp-in=-5',
                                        '--claim',
                                        'aud=["x","y"]',
                                        '--claim',
                                        'nbf=null',
                                ])
                                .toString()
                                .trim();
                        const [h, c, s] = token.split('.');
                        const header = JSON.parse(Buffer.from(h, 'base64url'));
                        const body = JSON.parse(Buffer.from(c, 'base64url'));
                        const jwk = jwks.keys.find((k) => k.kid === header.kid);
                        assert.equal(jwk.d, undefined);
                        const key = crypto.createPublicKey({ key: jwk, format: 'jwk' });
                        assert.ok(
                                crypto.verify(
                                        'SHA256',
                                        Buffer.from(`${h}.${c}`),
                                        { key, dsaEncoding: 'ieee-p1363' },
                                        Buffer.from(s, 'base64url'),
                                ),
                        );
                        assert.deepEqual(
                                [body.sub, body.groups, body.aud, body.nbf],
                                ['ann', ['a', 'b'], ['x', 'y'], undefined],
                        );
                        assert.ok(body.exp < now());
                }
        } finally {
                fs.rmSync(dir, { recursive: true, force: true });
        }
});
