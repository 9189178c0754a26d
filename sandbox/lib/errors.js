/* SPDX-License-Identifier: Apache-2.0 */
'use strict';
/*
 * sandbox/errors: failures as a BigQuery client sees them.
 *
 * An ApiError carries the HTTP status, Google's reason word and the message;
 * `toBody` gives the JSON a REST error has, `toProto` the ErrorProto that a
 * failed job carries in status.errorResult.
 */

const STATUS_WORD = {
        400: 'INVALID_ARGUMENT',
        401: 'UNAUTHENTICATED',
        403: 'PERMISSION_DENIED',
        404: 'NOT_FOUND',
        405: 'INVALID_ARGUMENT',
        409: 'ALREADY_EXISTS',
        412: 'FAILED_PRECONDITION',
        413: 'INVALID_ARGUMENT',
        499: 'CANCELLED',
        500: 'INTERNAL',
        501: 'UNIMPLEMENTED',
        503: 'UNAVAILABLE',
};

class ApiError extends Error {
        constructor(code, reason, message, where = {}) {
                super(message);
                this.code = code;
                this.reason = reason;
                this.location = where.location;
                this.locationType = where.locationType;
        }

        toProto() {
                const e = { reason: this.reason, message: this.message };
                if (this.location) e.location = this.location;
                return e;
        }

        toBody() {
                const item = {
                        message: this.message,
                        domain: 'global',
                        reason: this.reason,
                };
                if (this.location) {
                        item.location = this.location;
                        item.locationType = this.locationType ?? 'other';
                }
                return {
                        error: {
                                code: this.code,
                                message: this.message,
                                errors: [item],
                                status: STATUS_WORD[this.code] ?? 'UNKNOWN',
                        },
                };
        }
}

const invalid = (message) => new ApiError(400, 'invalid', message);
const invalidQuery = (message) =>
        new ApiError(400, 'invalidQuery', message, {
                location: 'q',
                locationType: 'parameter',
        });
const notFound = (message) => new ApiError(404, 'notFound', message);
const duplicate = (message) => new ApiError(409, 'duplicate', message);
const unsupported = (what) =>
        new ApiError(501, 'notImplemented', `The stand-in does not implement ${what}`);

module.exports = { ApiError, invalid, invalidQuery, notFound, duplicate, unsupported };
