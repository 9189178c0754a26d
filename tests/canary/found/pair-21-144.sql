SELECT 1 AS c3 FROM `acme-prod.web.orders` UNPIVOT(val1 FOR name2 IN (code, id)) AS tab
