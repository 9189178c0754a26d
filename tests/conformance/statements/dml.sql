--- insert values
INSERT INTO acme.shop.returns (order_id, sku, reason, quantity) VALUES (1, 'a', 'broken', 2), (2, 'b', NULL, DEFAULT)
--- insert without into
INSERT acme.shop.returns (order_id) VALUES (1)
--- insert without columns
INSERT INTO acme.shop.returns VALUES (1, 'a', 'b', 2)
--- insert a query
INSERT INTO acme.shop.returns (order_id, sku) SELECT id, 'x' FROM acme.shop.orders WHERE status = 'lost'
--- insert a query in parentheses
INSERT INTO acme.shop.returns (order_id) (SELECT id FROM acme.shop.orders)
--- insert from unnest
INSERT INTO acme.shop.returns (order_id) SELECT x FROM UNNEST([1, 2]) AS x
--- insert with a subquery among the values
INSERT INTO acme.shop.returns (order_id, quantity) VALUES ((SELECT MAX(id) FROM acme.shop.orders), 1)
--- insert row by struct
INSERT INTO acme.hr.staff (id, pay) VALUES (1, STRUCT('EUR', NUMERIC '5'))
--- insert with a then return
INSERT INTO acme.shop.returns (order_id) VALUES (1) THEN RETURN order_id
--- insert or ignore
INSERT OR IGNORE INTO acme.shop.returns (order_id) VALUES (1)
--- update
UPDATE acme.shop.orders SET status = 'done' WHERE id = 1
--- update with an alias
UPDATE acme.shop.orders AS o SET o.status = 'done', total = o.total * 2 WHERE o.id = 1
--- update from a table
UPDATE acme.shop.orders AS o SET note = c.name FROM acme.shop.customers AS c WHERE o.customer_id = c.id
--- update from a join
UPDATE acme.shop.orders AS o SET note = r.reason FROM acme.shop.customers AS c JOIN acme.shop.returns AS r ON TRUE WHERE o.id = r.order_id AND c.id = o.customer_id
--- update a nested field
UPDATE acme.shop.customers SET address.city = 'Bern', address.geo.lat = 46.9 WHERE id = 1
--- update with a subquery
UPDATE acme.shop.customers AS c SET balance = (SELECT SUM(total) FROM acme.shop.orders AS o WHERE o.customer_id = c.id) WHERE TRUE
--- update to default
UPDATE acme.shop.orders SET note = DEFAULT WHERE id = 1
--- update an array with a query
UPDATE acme.shop.customers SET phones = ARRAY(SELECT p FROM UNNEST(phones) AS p WHERE p != 'x') WHERE id = 1
--- update of a nested array
UPDATE acme.shop.customers AS c SET (INSERT c.phones VALUES ('1'), ('2')) WHERE c.id = 1
--- nested delete
UPDATE acme.shop.orders SET (DELETE items WHERE items.sku = 'x') WHERE id = 1
--- nested update
UPDATE acme.shop.orders SET (UPDATE items SET items.quantity = 2 WHERE items.sku = 'x') WHERE id = 1
--- update an array element
UPDATE acme.shop.customers SET phones[OFFSET(0)] = 'x' WHERE id = 1
--- update where a subquery decides
UPDATE acme.hr.staff SET salary = salary * 2 WHERE id IN (SELECT manager_id FROM acme.hr.staff)
--- delete
DELETE FROM acme.shop.returns WHERE order_id = 1
--- delete without from
DELETE acme.shop.returns WHERE TRUE
--- delete with an alias
DELETE FROM acme.shop.returns AS r WHERE r.quantity = 0
--- delete with exists
DELETE FROM acme.shop.returns AS r WHERE NOT EXISTS (SELECT 1 FROM acme.shop.orders AS o WHERE o.id = r.order_id)
--- delete with a then return
DELETE FROM acme.shop.returns WHERE order_id = 1 THEN RETURN WITH ACTION order_id, sku
--- merge
MERGE INTO acme.shop.products AS p USING acme.shop.returns AS r ON p.sku = r.sku WHEN MATCHED THEN UPDATE SET title = r.reason WHEN NOT MATCHED THEN INSERT (sku, title) VALUES (r.sku, r.reason)
--- merge without into
MERGE acme.shop.products p USING acme.shop.returns r ON p.sku = r.sku WHEN MATCHED THEN DELETE
--- merge with a subquery
MERGE INTO acme.shop.products AS p USING (SELECT sku, MAX(reason) AS reason FROM acme.shop.returns GROUP BY sku) AS r ON p.sku = r.sku WHEN MATCHED AND p.price > 1 THEN UPDATE SET p.title = r.reason
--- merge insert row
MERGE INTO acme.shop.returns AS t USING acme.shop.returns AS s ON FALSE WHEN NOT MATCHED THEN INSERT ROW
--- merge not matched by source
MERGE INTO acme.shop.products AS p USING acme.shop.returns AS r ON p.sku = r.sku WHEN NOT MATCHED BY SOURCE AND p.price < 1 THEN DELETE WHEN NOT MATCHED BY TARGET THEN INSERT (sku) VALUES (sku)
--- merge on a constant
MERGE INTO acme.shop.products USING numbers ON FALSE WHEN NOT MATCHED BY SOURCE THEN DELETE
--- merge with an unnest
MERGE INTO acme.shop.products AS p USING UNNEST(['a', 'b']) AS s ON p.sku = s WHEN NOT MATCHED THEN INSERT (sku) VALUES (s)
--- merge with several branches
MERGE acme.shop.products p USING acme.shop.returns r ON p.sku = r.sku WHEN MATCHED AND r.quantity > 9 THEN DELETE WHEN MATCHED THEN UPDATE SET price = price - 1 WHEN NOT MATCHED AND r.quantity = 0 THEN INSERT (sku) VALUES ('x') WHEN NOT MATCHED THEN INSERT (sku, title) VALUES (r.sku, DEFAULT)
--- truncate
TRUNCATE TABLE acme.shop.returns
--- insert with columns of any case and quotes
INSERT INTO acme.shop.returns (`Order_Id`, SKU) VALUES (1, 'x')
--- insert into a dashed project
INSERT INTO acme-prod.ops.hosts (host) VALUES ('h')
--- target that is read too
INSERT INTO numbers (n) SELECT n + 1 FROM numbers
--- [invalid] insert without a source
INSERT INTO acme.shop.returns (order_id)
--- [invalid] insert with empty columns
INSERT INTO acme.shop.returns () VALUES (1)
--- [invalid] insert with a path as a column
INSERT INTO acme.shop.customers (address.city) VALUES ('x')
--- [invalid] insert values without parentheses
INSERT INTO acme.shop.returns (order_id) VALUES 1
--- [invalid] insert values with a trailing comma
INSERT INTO acme.shop.returns (order_id) VALUES (1),
--- [invalid] insert empty values
INSERT INTO acme.shop.returns (order_id) VALUES ()
--- [invalid] insert overwrite
INSERT OVERWRITE acme.shop.returns (order_id) VALUES (1)
--- [invalid] insert set
INSERT INTO acme.shop.returns SET order_id = 1
--- [invalid] insert into a query
INSERT INTO (SELECT * FROM acme.shop.returns) VALUES (1)
--- [invalid] update without set
UPDATE acme.shop.orders WHERE id = 1
--- [invalid] update with an empty set
UPDATE acme.shop.orders SET WHERE id = 1
--- [invalid] update with from before set
UPDATE acme.shop.orders FROM numbers SET note = 'x' WHERE TRUE
--- [invalid] update set without a value
UPDATE acme.shop.orders SET note WHERE id = 1
--- [invalid] update with a limit
UPDATE acme.shop.orders SET note = 'x' WHERE TRUE LIMIT 1
--- [invalid] update of a table list
UPDATE acme.shop.orders, numbers SET note = 'x' WHERE TRUE
--- [invalid] delete with a star
DELETE * FROM acme.shop.returns WHERE TRUE
--- [invalid] delete with using
DELETE FROM acme.shop.returns USING numbers WHERE TRUE
--- [invalid] delete from a query
DELETE FROM (SELECT 1) WHERE TRUE
--- [invalid] merge without a condition
MERGE INTO acme.shop.products USING numbers WHEN MATCHED THEN DELETE
--- [invalid] merge without branches
MERGE INTO acme.shop.products USING numbers ON TRUE
--- [invalid] merge with else
MERGE INTO acme.shop.products USING numbers ON TRUE WHEN MATCHED THEN DELETE ELSE DELETE
--- [invalid] merge inserts without values
MERGE INTO acme.shop.products USING numbers ON TRUE WHEN NOT MATCHED THEN INSERT (sku)
--- [invalid] merge does nothing
MERGE INTO acme.shop.products USING numbers ON TRUE WHEN MATCHED THEN DO NOTHING
--- [invalid] truncate without table
TRUNCATE acme.shop.returns
--- [invalid] truncate two tables
TRUNCATE TABLE acme.shop.returns, numbers
--- [invalid] insert a query on conflict
INSERT INTO numbers (n) SELECT id FROM acme.shop.orders ON CONFLICT DO NOTHING
