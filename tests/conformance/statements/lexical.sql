--- line comment with two dashes
SELECT 1 -- , 2
FROM numbers
--- line comment with a hash
SELECT 1 # , 2
FROM numbers
--- block comment as white space
SELECT/* */n/**/FROM/* FROM acme.hr.staff */numbers
--- block comments do not nest
SELECT 1 /* /* */ AS one
--- quote inside a comment
SELECT n # it's
FROM numbers -- don't
--- comment marks inside a string
SELECT '-- # /* */' AS s FROM numbers
--- double quoted string
SELECT "it's" AS s
--- adjacent quotes are escaped
SELECT 'it\'s' AS s, "a \"b\"" AS t
--- triple quoted strings
SELECT '''a 'b' ''c''' AS s, """d "e"
f""" AS t
--- raw strings
SELECT r'\d+' AS a, R"\s" AS b, r'''\'''' AS c
--- bytes
SELECT b'abc' AS a, B"\x41" AS b, rb'\x' AS c, bR"\y" AS d, b'''x''' AS e
--- escapes
SELECT '\a\b\f\n\r\t\v\\\?\"\'\`\x41\X42\101\u00e9\U0001F600' AS s
--- integers
SELECT 0 AS a, 123 AS b, 0xFF AS c, 0Xab AS d
--- floats
SELECT 1.5 AS a, .5 AS b, 1. AS c, 1e3 AS d, 1.5E-3 AS e, .5e+2 AS f, 2.e1 AS g
--- quoted identifiers
SELECT `n` AS `my column`, `word` AS `select` FROM `numbers`
--- escape in a quoted identifier
SELECT n AS `a\`b` FROM numbers
--- whole path in one pair of quotes
SELECT id FROM `acme.shop.customers`
--- project and dataset in one pair of quotes
SELECT id FROM `acme.shop`.customers
--- each part quoted
SELECT id FROM `acme`.`shop`.`customers`
--- project with dashes
SELECT host FROM acme-prod.ops.hosts
--- project with dashes, quoted
SELECT host FROM `acme-prod`.ops.hosts
--- keyword after a dot
SELECT STRUCT(1 AS `select`).select AS x
--- non-reserved keywords as names
SELECT n AS date, n AS timestamp, n AS value, n AS offset, n AS row, n AS type FROM numbers
--- non-reserved keywords as tables
WITH date AS (SELECT 1 AS x), insert AS (SELECT 2 AS y) SELECT x, y FROM date, insert
--- named parameter
SELECT @low AS low, n FROM numbers WHERE n > @high
--- positional parameter
SELECT n FROM numbers WHERE n = ? OR n > ?
--- parameter named like a keyword
SELECT n FROM numbers WHERE n = @select
--- system variable
SELECT @@error.message AS m
--- white space of every kind
SELECT	n
FROM numbers
--- unicode spaces between words
SELECT n FROM　numbers
--- letters of any case in keywords
sElEcT n FrOm numbers wHeRe n Is NoT nUlL
--- semicolon at the end
SELECT n FROM numbers;
--- comment after the semicolon
SELECT n FROM numbers; -- done
--- adjacent literals are not joined across operators
SELECT 'a' || 'b' AS s
--- typed literals
SELECT DATE '2024-01-31' AS a, DATETIME '2024-01-31 12:00:00' AS b, TIMESTAMP '2024-01-31 00:00:00+00' AS c, TIME '12:00:00' AS d
--- numeric literals
SELECT NUMERIC '1.5' AS a, BIGNUMERIC '2.5' AS b, DECIMAL '1' AS c, BIGDECIMAL '2' AS d
--- json literal
SELECT JSON '{"a": [1, 2]}' AS j
--- range literal
SELECT RANGE<DATE> '[2024-01-01, 2024-02-01)' AS r
--- interval literals
SELECT INTERVAL 3 DAY AS a, INTERVAL '1-2' YEAR TO MONTH AS b, INTERVAL '10:20:30.5' HOUR TO SECOND AS c
--- hint after SELECT
SELECT @{use_cache=true} n FROM numbers
--- hint with a number
SELECT @5 n FROM numbers
--- hint before a statement
@{priority=1} SELECT n FROM numbers
--- adjacent string literals
SELECT 'a' 'b' AS s
--- [invalid] unclosed string
SELECT 'abc FROM numbers
--- [invalid] unclosed triple quoted string
SELECT '''abc FROM numbers
--- [invalid] unclosed block comment
SELECT 1 /* FROM numbers
--- [invalid] unclosed quoted identifier
SELECT `n FROM numbers
--- [invalid] empty quoted identifier
SELECT `` FROM numbers
--- [invalid] newline in a string of one line
SELECT 'a
b' FROM numbers
--- [invalid] number runs into a word
SELECT 1from numbers
--- [invalid] hexadecimal number runs into a word
SELECT 0xFG FROM numbers
--- [invalid] exponent without digits
SELECT 1e FROM numbers
--- [invalid] escape that does not exist
SELECT '\z' AS s
--- [invalid] octal escape too large
SELECT '\400' AS s
--- [invalid] short unicode escape
SELECT '\u12' AS s
--- [invalid] surrogate as an escape
SELECT '\ud800' AS s
--- [invalid] unicode escape in bytes
SELECT b'\u0041' AS b
--- [invalid] reserved word as a name
SELECT n AS select FROM numbers
--- [invalid] reserved word as a table
SELECT 1 AS one FROM where
--- [invalid] dash in the second part of a path
SELECT host FROM acme.ops-prod.hosts
--- [invalid] spaces around a dash
SELECT host FROM acme - prod.ops.hosts
--- [invalid] parameter without a name
SELECT @
--- [invalid] dollar sign
SELECT $n FROM numbers
--- [invalid] lone backslash
SELECT n \ 2 FROM numbers
--- [invalid] two statements where one is asked for
SELECT 1; SELECT 2
--- [invalid] nothing but a comment
-- nothing
--- [invalid] interval without a part
SELECT INTERVAL 3 AS x
--- [invalid] hint that is not closed
SELECT @{a=1 n FROM numbers
--- [invalid] string and bytes side by side
SELECT 'a' b'b' AS s
--- [invalid] string literals without space between them
SELECT 'a'"b" AS s
