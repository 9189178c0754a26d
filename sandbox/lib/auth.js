/* SPDX-License-Identifier: Apache-2.0 */
'use strict';
/*
 * sandbox/auth: the stand-in's own token endpoint and the check of what it issued.
 *
 * Only a JWT bearer assertion signed with the demo service account's key is worth a
 * token (RFC 7523); an access token is a random string that means nothing elsewhere.
 */
const crypto = require('node:crypto');
const { ApiError } = require('./errors');

const GRANT = 'urn:ietf:params:oauth:grant-type:jwt-bearer';
const AUDIENCES = [
        'https://oauth2.googleapis.com/token',
        'https://www.googleapis.com/oauth2/v4/token',
        'https://accounts.google.com/o/oauth2/token',
];
const LIFE_S = 3600;
const SKEW_S = 300;
const SCOPE_HOME = 'https://www.googleapis.com/auth/';
const API_SCOPES = [
        'bigquery',
        'bigquery.readonly',
        'cloud-platform',
        'cloud-platform.read-only',
].map((s) => SCOPE_HOME + s);

class OAuthError extends Error {
        constructor(word, description) {
                super(description);
                this.word = word;
        }
}

const grantError = (text) => new OAuthError('invalid_grant', `Invalid JWT: ${text}`);

function decodePart(part) {
        try {
                const v = JSON.parse(Buffer.from(part, 'base64url').toString('utf8'));
                if (v && typeof v === 'object' && !Array.isArray(v)) return v;
        } catch {
                /* said below */
        }
        throw grantError('a part is not base64url JSON');
}

class Auth {
        constructor({ publicKeyPem, email, lifeSeconds = LIFE_S }) {
                this.key = crypto.createPublicKey(publicKeyPem);
                this.email = email;
                this.life = lifeSeconds;
                this.issued =
                        new Map(); /* sha256 of token → {email, scopes, expires} */
        }

        /* Form of RFC 7523 section 2.1 in, JSON of RFC 6749 section 5.1 out. */
        exchange(form) {
                if (form.get('grant_type') !== GRANT)
                        throw new OAuthError(
                                'unsupported_grant_type',
                                `Invalid grant_type: ` +
                                        String(form.get('grant_type')).slice(0, 60),
                        );
                const claims = this.verify(String(form.get('assertion') ?? ''));
                const scopes = String(claims.scope ?? '')
                        .split(/\s+/)
                        .filter(Boolean);
                if (!scopes.some((s) => API_SCOPES.includes(s)))
                        throw new OAuthError(
                                'invalid_scope',
                                'No scope of the assertion is for BigQuery',
                        );
                const token = `ya29.standin.${crypto.randomBytes(32).toString('base64url')}`;
                this.sweep();
                this.issued.set(hash(token), {
                        email: claims.iss,
                        scopes,
                        expires: Date.now() + this.life * 1000,
                });
                return {
                        access_token: token,
                        expires_in: this.life,
                        token_type: 'Bearer',
                        scope: scopes.join(' '),
                };
        }

        verify(assertion) {
                const parts = assertion.split('.');
                if (parts.length !== 3) throw grantError('not three parts');
                const header = decodePart(parts[0]);
                if (header.alg !== 'RS256') throw grantError('alg is not RS256');
                const good = crypto.verify(
                        'RSA-SHA256',
                        Buffer.from(`${parts[0]}.${parts[1]}`),
                        this.key,
                        Buffer.from(parts[2], 'base64url'),
                );
                if (!good) throw grantError('Failed JWT signature check');
                const claims = decodePart(parts[1]);
                const now = Date.now() / 1000;
                if (claims.iss !== this.email)
                        throw grantError('iss is not the demo service account');
                if (claims.sub !== undefined && claims.sub !== claims.iss)
                        throw new OAuthError(
                                'unauthorized_client',
                                'Delegation is not allowed',
                        );
                if (!AUDIENCES.includes(claims.aud))
                        throw grantError('aud is not this token endpoint');
                if (!Number.isFinite(claims.iat) || !Number.isFinite(claims.exp))
                        throw grantError('iat and exp are required');
                if (
                        claims.exp < now - SKEW_S ||
                        claims.iat > now + SKEW_S ||
                        claims.exp - claims.iat > LIFE_S ||
                        claims.exp <= claims.iat
                )
                        throw grantError(
                                'Token must be a short-lived token and in a reasonable timeframe',
                        );
                return claims;
        }

        sweep() {
                for (const [key, t] of this.issued)
                        if (t.expires < Date.now()) this.issued.delete(key);
        }

        /* Returns the caller's email; throws the 401 of the API, or the 403 where none of
         * `scopes` (null: any) was asked for. */
        check(header, scopes = null) {
                const m = /^Bearer ([\x21-\x7e]+)$/i.exec(header ?? '');
                if (!m)
                        throw new ApiError(
                                401,
                                'required',
                                'Request is missing required authentication ' +
                                        'credential. Expected an OAuth 2 access token.',
                                { location: 'Authorization', locationType: 'header' },
                        );
                const t = this.issued.get(hash(m[1]));
                if (!t || t.expires < Date.now())
                        throw new ApiError(
                                401,
                                'authError',
                                'Request had invalid authentication credentials. ' +
                                        'Expected an OAuth 2 access token of the stand-in.',
                                { location: 'Authorization', locationType: 'header' },
                        );
                if (scopes && !scopes.some((s) => t.scopes.includes(s)))
                        throw new ApiError(
                                403,
                                'insufficientPermissions',
                                'Request had insufficient authentication scopes.',
                        );
                return t.email;
        }
}

const hash = (text) => crypto.createHash('sha256').update(text).digest('hex');

module.exports = { Auth, OAuthError, hash };
