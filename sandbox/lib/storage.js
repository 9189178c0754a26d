/* SPDX-License-Identifier: Apache-2.0 */
'use strict';
/*
 * sandbox/storage: a few objects behind Cloud Storage's JSON API, to be read.
 *
 * Returns {status, body} or {status, data, type}. What real answers say of owners and access
 * stands in these too, so that tests see whether it is taken out.
 */
const crypto = require('node:crypto');
const { ApiError, notFound } = require('./errors');

const SCOPES = ['cloud-platform', 'devstorage.read_only'].map(
        (s) => `https://www.googleapis.com/auth/${s}`,
);
const MADE = '2026-01-02T03:04:05.678Z';

const BUCKETS = {
        'acme-reports': {
                '2026/june & july.csv': 'region,total\nnorth,12\nsouth,30\n',
                '2026/ümlaut.txt': 'grüße\n',
                'big.bin': crypto.createHash('sha512').update('big').digest('hex').repeat(65536),
                empty: '',
                'top.txt': 'top\n',
        },
        'acme-private': { 'secret.txt': 'nobody is granted this\n' },
};

function describe(bucket, name) {
        const data = Buffer.from(BUCKETS[bucket][name]);
        return {
                kind: 'storage#object',
                id: `${bucket}/${name}/1`,
                selfLink: `https://www.googleapis.com/storage/v1/b/${bucket}/o/${encodeURIComponent(name)}`,
                mediaLink: `https://storage.googleapis.com/download/storage/v1/b/${bucket}/o/${encodeURIComponent(name)}?generation=1&alt=media`,
                name,
                bucket,
                generation: '1',
                metageneration: '1',
                contentType: 'text/plain; charset=utf-8',
                storageClass: 'STANDARD',
                size: String(data.length),
                md5Hash: crypto.createHash('md5').update(data).digest('base64'),
                etag: 'CAE=',
                timeCreated: MADE,
                updated: MADE,
                owner: { entity: 'user-owner@acme.example' },
                acl: [{ entity: 'user-owner@acme.example', role: 'OWNER' }],
                metadata: { note: 'written by owner@acme.example' },
        };
}

function list(bucket, params) {
        const prefix = params.get('prefix') ?? '';
        const delimiter = params.get('delimiter') ?? '';
        const max = Number(params.get('maxResults') ?? 1000);
        const after = Number(params.get('pageToken') ?? 0);
        const items = [];
        const prefixes = new Set();
        for (const name of Object.keys(BUCKETS[bucket]).sort()) {
                if (!name.startsWith(prefix)) continue;
                const end = delimiter ? name.indexOf(delimiter, prefix.length) : -1;
                if (end >= 0) prefixes.add(name.slice(0, end + delimiter.length));
                else items.push(describe(bucket, name));
        }
        const answer = { kind: 'storage#objects' };
        if (after + max < items.length) answer.nextPageToken = String(after + max);
        if (items.length) answer.items = items.slice(after, after + max);
        if (prefixes.size) answer.prefixes = [...prefixes];
        return answer;
}

/* GET /storage/v1/b/BUCKET[/o[/OBJECT]] */
function answer(auth, request, url) {
        auth.check(request.headers.authorization, SCOPES);
        const m = /^(?:\/download)?\/storage\/v1\/b\/([^/]+)(?:\/(o)(?:\/([^/]+))?)?$/.exec(
                url.pathname,
        );
        if (!m || request.method !== 'GET')
                throw notFound(`No storage method: ${request.method} ${url.pathname}`);
        const bucket = decodeURIComponent(m[1]);
        if (!Object.hasOwn(BUCKETS, bucket))
                throw notFound('The specified bucket does not exist.');
        if (!m[2])
                return {
                        status: 200,
                        body: {
                                kind: 'storage#bucket',
                                id: bucket,
                                name: bucket,
                                projectNumber: '123456789',
                                location: 'EU',
                                locationType: 'multi-region',
                                storageClass: 'STANDARD',
                                metageneration: '1',
                                timeCreated: MADE,
                                updated: MADE,
                                etag: 'CAE=',
                                labels: { team: 'data' },
                                iamConfiguration: { publicAccessPrevention: 'inherited' },
                                acl: [{ entity: 'user-owner@acme.example' }],
                        },
                };
        if (!m[3]) return { status: 200, body: list(bucket, url.searchParams) };
        const name = decodeURIComponent(m[3]);
        const isMedia = url.searchParams.get('alt') === 'media';
        if (!Object.hasOwn(BUCKETS[bucket], name)) {
                /* of a download the error is a text */
                if (isMedia)
                        return {
                                status: 404,
                                data: Buffer.from(`No such object: ${bucket}/${name}`),
                                type: 'text/html; charset=UTF-8',
                        };
                throw new ApiError(404, 'notFound', `No such object: ${bucket}/${name}`);
        }
        if (!isMedia) return { status: 200, body: describe(bucket, name) };
        return {
                status: 200,
                data: Buffer.from(BUCKETS[bucket][name]),
                type: 'text/plain; charset=utf-8',
        };
}

module.exports = { answer };
