/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/policy/detect.h"

#include "daemon/policy/rules.h"

#define NAME_MAX_BYTES 300 /* BigQuery's names have at most 300 characters */
#define GLOBS_MAX 12

/* Names in snake_case. Short words stand alone or at an end: "pan" is in "company". */
static const struct {
        const char *name, *globs[GLOBS_MAX];
} builtin[] = {
        { "national-id",
          { "ssn", "*_ssn", "ssn_*", "*social_security*", "*national_id*", "*passport*",
            "tax_id*", "*_tax_id", "*drivers_licen*", "nino" } },
        { "email", { "email*", "*_email", "*_email_*", "e_mail*", "*_mail_address" } },
        { "phone",
          { "phone*", "*_phone", "*_phone_*", "telephone*", "*mobile_n*", "fax*",
            "*_fax", "msisdn" } },
        { "person-name",
          { "first_name*", "last_name*", "full_name*", "surname*", "given_name*",
            "family_name*", "maiden_name*", "*_first_name", "*_last_name",
            "*_full_name" } },
        { "address",
          { "street*", "*_street", "*address_line*", "home_address*", "postal_address*",
            "*_address_street", "zip_code*", "postal_code*", "postcode*" } },
        { "birth",
          { "birth*", "*_birth", "*birthday*", "*birthdate*", "dob", "*_dob" } },
        { "payment",
          { "iban*", "*_iban", "*card_number*", "credit_card*", "pan", "cvv", "cvc",
            "*account_number*", "*bank_account*", "sort_code" } },
        { "pay", { "salary*", "*_salary", "*income*", "wage*", "*_wage" } },
        { "health",
          { "diagnos*", "*_diagnosis", "icd", "icd_*", "blood_type", "*medical_record*",
            "*patient_id*" } },
        { "network",
          { "ip", "ip_address*", "*_ip", "*_ip_address", "mac_address*", "imei",
            "imsi" } },
        { "secret",
          { "password*", "*_password", "passwd*", "*_secret", "secret_*", "api_key*",
            "*_api_key", "private_key*", "*_access_token" } },
};

static bool is_lower(char c)
{
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

/* "HomeEMail" → "home_email", "ssn-2" → "ssn_2" */
static struct sp_str snake_case(struct sp_str s, char to[2 * NAME_MAX_BYTES])
{
        size_t n = 0;

        for (size_t i = 0; i < s.n && i < NAME_MAX_BYTES; i++) {
                bool is_upper = s.p[i] >= 'A' && s.p[i] <= 'Z';

                if (is_upper && i && is_lower(s.p[i - 1]))
                        to[n++] = '_';
                to[n++] = is_upper                         ? (char)(s.p[i] | 0x20)
                          : s.p[i] == '-' || s.p[i] == ' ' ? '_'
                                                           : s.p[i];
        }
        return sp_str(to, n);
}

static const struct sp_detector *own(const struct sp_policy *p, struct sp_str name)
{
        for (size_t i = 0; i < p->n_detectors; i++)
                if ((p->detectors[i].n_names || p->detectors[i].is_off) &&
                    sp_str_eq(p->detectors[i].name, name))
                        return &p->detectors[i];
        return NULL;
}

struct sp_str sp_policy_detect(const struct sp_policy *p, struct sp_str name)
{
        char space[2 * NAME_MAX_BYTES];
        struct sp_str s = snake_case(name, space);

        for (size_t i = 0; i < p->n_detectors; i++)
                for (size_t k = 0; k < p->detectors[i].n_names; k++)
                        if (sp_str_glob(p->detectors[i].names[k].text, s))
                                return p->detectors[i].name;
        for (size_t i = 0; i < SP_ARRAY_SIZE(builtin); i++) {
                if (own(p, sp_str_c(builtin[i].name)))
                        continue;
                for (size_t k = 0; k < GLOBS_MAX && builtin[i].globs[k]; k++)
                        if (sp_str_glob(sp_str_c(builtin[i].globs[k]), s))
                                return sp_str_c(builtin[i].name);
        }
        return SP_STR_NULL;
}
