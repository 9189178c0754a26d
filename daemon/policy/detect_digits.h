/* SPDX-License-Identifier: Apache-2.0 */
/*
 * policy/detect_digits — numbers that are right by their own check digits; for policy/ only.
 *
 * In:        a number without separators, of any length and content.
 * Out:       whether it can be one of its kind. By chance one in ten to one in hundred is, which
 *            is why counts decide and not single values.
 * Spec:      ISO/IEC 7812-1 (cards), ISO 13616 (IBAN); the rules of the countries.
 */
#pragma once

#include "daemon/base/str.h"

bool sp_digits_are_card(
        struct sp_str d); /* 13 to 19 digits of a network that issues them */
bool sp_digits_are_iban(struct sp_str v); /* in groups, or not */
bool sp_digits_are_ssn(struct sp_str d); /* United States; has no check digit */
bool sp_digits_are_cpf(struct sp_str d); /* Brazil */
bool sp_digits_are_personnummer(struct sp_str d); /* Sweden */
bool sp_digits_are_aadhaar(struct sp_str d); /* India */
bool sp_digits_are_pesel(struct sp_str d); /* Poland */
bool sp_digits_are_nir(struct sp_str d); /* France */
bool sp_digits_are_dni(struct sp_str v); /* Spain: 12345678Z, X1234567L */
bool sp_digits_are_nino(struct sp_str v); /* United Kingdom; has no check digit */
bool sp_digits_are_codice_fiscale(struct sp_str v); /* Italy */
