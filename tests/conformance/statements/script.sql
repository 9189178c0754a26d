--- [script] two statements
SELECT 1 AS one; SELECT n FROM numbers;
--- [script] declare
DECLARE x INT64; SELECT x;
--- [script] declare several with a default
DECLARE a, b STRING DEFAULT 'x'; SELECT a, b;
--- [script] declare without a type
DECLARE d DEFAULT (SELECT MAX(ordered) FROM acme.shop.orders); SELECT d;
--- [script] declare with a nested type
DECLARE s STRUCT<a INT64, b ARRAY<STRING>>; SELECT s.a;
--- [script] set
DECLARE x INT64; SET x = 1 + 2;
--- [script] set several
DECLARE x, y INT64; SET (x, y) = (1, 2);
--- [script] set from a query
DECLARE x, y INT64; SET (x, y) = (SELECT AS STRUCT id, customer_id FROM acme.shop.orders LIMIT 1);
--- [script] set a system variable
SET @@dataset_id = 'shop';
--- [script] if
DECLARE x INT64 DEFAULT 1; IF x > 1 THEN SELECT 1; ELSEIF x = 0 THEN SELECT 2; ELSE SELECT 3; END IF;
--- [script] if with an exists
IF EXISTS (SELECT 1 FROM acme.shop.orders) THEN DELETE FROM numbers WHERE TRUE; END IF;
--- [script] case
DECLARE x INT64; CASE x WHEN 1 THEN SELECT 'a'; ELSE SELECT 'b'; END CASE;
--- [script] case with conditions
CASE WHEN (SELECT COUNT(*) FROM numbers) > 1 THEN SELECT 1; WHEN TRUE THEN SELECT 2; END CASE;
--- [script] loop
LOOP SELECT 1; BREAK; END LOOP;
--- [script] loop with leave and iterate
LOOP IF TRUE THEN LEAVE; END IF; ITERATE; END LOOP;
--- [script] repeat
DECLARE x INT64 DEFAULT 0; REPEAT SET x = x + 1; UNTIL x > 3 END REPEAT;
--- [script] while
DECLARE x INT64 DEFAULT 0; WHILE x < 3 DO SET x = x + 1; CONTINUE; END WHILE;
--- [script] for in
FOR r IN (SELECT id, total FROM acme.shop.orders) DO INSERT INTO numbers (n) VALUES (r.id); END FOR;
--- [script] labels
outer_loop: LOOP inner_loop: WHILE TRUE DO BREAK outer_loop; END WHILE inner_loop; END LOOP outer_loop;
--- [script] labelled block
b: BEGIN SELECT 1; LEAVE b; END b;
--- [script] block
BEGIN SELECT 1; SELECT 2; END;
--- [script] block with a handler
BEGIN SELECT 1 / 0; EXCEPTION WHEN ERROR THEN SELECT @@error.message; RAISE; END;
--- [script] raise with a message
RAISE USING MESSAGE = CONCAT('a', 'b');
--- [script] nested blocks
BEGIN DECLARE x INT64; BEGIN DECLARE y STRING DEFAULT 'z'; SELECT x, y; END; END;
--- [script] transaction
BEGIN TRANSACTION; INSERT INTO numbers (n) VALUES (1); COMMIT TRANSACTION;
--- [script] rollback
BEGIN; UPDATE numbers SET n = 1 WHERE TRUE; ROLLBACK;
--- [script] execute immediate
EXECUTE IMMEDIATE 'SELECT 1';
--- [script] execute immediate into and using
DECLARE x INT64; EXECUTE IMMEDIATE 'SELECT ? + @b' INTO x USING 1, 2 AS b;
--- [script] execute immediate of an expression
EXECUTE IMMEDIATE CONCAT('SELECT ', 'n FROM numbers');
--- [script] call with variables
DECLARE r STRING; CALL acme.shop.p(1, r); SELECT r;
--- [script] return
IF TRUE THEN RETURN; END IF; SELECT 1;
--- [script] temp table made and read
CREATE TEMP TABLE t AS SELECT n FROM numbers; SELECT n FROM t; DROP TABLE t;
--- [script] temp function made and used
CREATE TEMP FUNCTION f(x INT64) AS (x + 1); SELECT f(n) FROM numbers;
--- [script] procedure with a script inside
CREATE PROCEDURE acme.shop.p(OUT r INT64) BEGIN DECLARE x INT64 DEFAULT 1; WHILE x < 3 DO SET x = x + 1; END WHILE; SET r = x; END; SELECT 1;
--- [script] comments between statements
SELECT 1; -- first
/* second */ SELECT 2;
--- [script] last statement without a semicolon
SELECT 1; SELECT 2
--- [script] variable named like a keyword
DECLARE date DATE DEFAULT CURRENT_DATE(); SELECT date;
--- [script] string with a semicolon
SELECT 'a;b'; SELECT "c;d";
--- [script] mixed statements
CREATE TABLE acme.shop.t (a INT64); INSERT INTO acme.shop.t (a) SELECT id FROM acme.shop.orders; ALTER TABLE acme.shop.t ADD COLUMN b STRING; MERGE acme.shop.t AS t USING numbers AS s ON t.a = s.n WHEN MATCHED THEN UPDATE SET b = s.word; DROP TABLE acme.shop.t;
--- [script] while with a subquery
WHILE (SELECT MAX(n) FROM numbers) < 10 DO INSERT INTO numbers (n) SELECT MAX(n) + 1 FROM numbers; END WHILE;
--- [script] empty block
BEGIN END;
--- [script] begin alone is a transaction
BEGIN; COMMIT;
--- [invalid] [script] declare with a value but no default
DECLARE x INT64 = 1;
--- [invalid] [script] declare without a type or default
DECLARE x;
--- [invalid] [script] set without a value
DECLARE x INT64; SET x;
--- [invalid] [script] if without then
IF TRUE SELECT 1; END IF;
--- [invalid] [script] if without end
IF TRUE THEN SELECT 1;
--- [invalid] [script] if closed with end only
IF TRUE THEN SELECT 1; END;
--- [invalid] [script] statement in an if without a semicolon
IF TRUE THEN SELECT 1 END IF;
--- [invalid] [script] else if in two words
IF TRUE THEN SELECT 1; ELSE IF FALSE THEN SELECT 2; END IF;
--- [invalid] [script] loop without end
LOOP SELECT 1;
--- [invalid] [script] while without do
WHILE TRUE SELECT 1; END WHILE;
--- [invalid] [script] repeat without until
REPEAT SELECT 1; END REPEAT;
--- [invalid] [script] for without parentheses
FOR r IN SELECT 1 AS x DO SELECT r.x; END FOR;
--- [invalid] [script] break with a number
LOOP BREAK 2; END LOOP;
--- [invalid] [script] label that does not match
a: LOOP BREAK; END LOOP b;
--- [invalid] [script] label on a plain statement
here: SELECT 1;
--- [invalid] [script] exception outside a block
SELECT 1; EXCEPTION WHEN ERROR THEN SELECT 2;
--- [invalid] [script] exception for a code
BEGIN SELECT 1; EXCEPTION WHEN 'x' THEN SELECT 2; END;
--- [invalid] [script] statements without a semicolon between them
SELECT 1 SELECT 2
--- [invalid] [script] two semicolons
SELECT 1;; SELECT 2
--- [invalid] [script] execute immediate without text
EXECUTE IMMEDIATE;
--- [invalid] [script] execute immediate with into behind using
EXECUTE IMMEDIATE 'SELECT 1' USING 1 INTO x;
--- [invalid] [script] declare of a path
DECLARE a.b INT64;
--- [invalid] [script] block without end
BEGIN SELECT 1;
--- [invalid] [script] case without when
CASE ELSE SELECT 1; END CASE;
--- [invalid] [script] assignment in the manner of other languages
DECLARE x INT64; x := 1;
--- [script] [invalid] leave a label that is not around
a: LOOP LEAVE b; END LOOP;
--- [script] [invalid] leave a label behind its loop
a: LOOP LEAVE; END LOOP; BREAK a;
--- [script] [invalid] continue with a block
a: BEGIN CONTINUE a; END;
--- [script] [invalid] a label twice
a: LOOP a: LOOP LEAVE a; END LOOP; END LOOP;
--- [script] [invalid] another label at the end
a: LOOP LEAVE; END LOOP b;
--- [script] a label again
a: BEGIN SELECT 1; END; a: BEGIN LEAVE a; END;
--- [script] leave outside of a loop
SELECT 1; LEAVE;
--- [script] declare behind a query
SELECT 1; DECLARE x INT64;
--- [script] declare twice
DECLARE x INT64; BEGIN DECLARE x STRING; END;
