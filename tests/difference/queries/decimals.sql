-- types-of-decimals: precision and scale of sums, products and quotients
SELECT toTypeName(CAST(2, 'Decimal(7, 2)') / 3) a, toTypeName(CAST(2, 'Decimal(7, 4)') / CAST(3, 'Decimal(12, 2)')) b, toTypeName(CAST(2, 'Decimal(7, 2)') * CAST(3, 'Decimal(12, 4)')) c, toTypeName(CAST(2, 'Decimal(7, 2)') + CAST(3, 'Decimal(12, 4)')) d, toTypeName(CAST(2, 'Decimal(7, 2)') + 1) e, toTypeName(CAST(2, 'Decimal(7, 2)') * 5) f, toTypeName(CAST(2, 'Decimal(7, 2)') + 1.5) g, toTypeName(-CAST(2, 'Decimal(7, 2)')) h, toTypeName(abs(CAST(2, 'Decimal(7, 2)'))) i, toTypeName(toDecimal32(1,2) + toDecimal32(1,4)) j;

-- decimals-beside-integers: the decimal gives the precision
SELECT toTypeName(toDecimal64(1,2) + toUInt64(5)) a, toTypeName(toDecimal32(1,2) * toUInt64(5)) b, toTypeName(1 - toDecimal32(1,2)) d, toTypeName(toInt64(1) * toDecimal32(1,2)) e, toTypeName(toUInt64(1) / toDecimal32(1,2)) f, toTypeName(toDecimal32(1,2) / 1.5) g, toTypeName(toDecimal32(1,2) * toDecimal32(1,2)) h;

-- quotients-of-decimals: digits beyond the scale are cut off
SELECT 1 / CAST(3, 'Decimal(7, 2)') a, CAST(2, 'Decimal(7, 2)') / 3 b, CAST(2, 'Decimal(7, 2)') * CAST('3.1', 'Decimal(12, 4)') d, toDecimal64('1.239', 2) e, toDecimal64(1.239, 2) f, CAST('-2.555', 'Decimal(7, 2)') g, 7 / toDecimal32('2', 1) h, -7 / toDecimal32('2', 1) i, toDecimal32('-7.5', 1) / 4 j, toDecimal64('10', 2) / toDecimal64('4', 1) k;

-- common-types-of-decimals: in the narrowest of three widths
SELECT toTypeName(if(1, toDecimal32(1,2), 1)), toTypeName(if(1, toDecimal32(1,2), toDecimal64(1,4))), toTypeName(coalesce(CAST('1', 'Nullable(Decimal(20, 10))'), 0)), toTypeName([toDecimal32(1,2), toDecimal32(1,1)]), toTypeName(greatest(toDecimal32(1,2), 5)), toTypeName(if(1, CAST(1,'Decimal(7,2)'), CAST(1,'Decimal(5,1)'))), toTypeName(if(1, toDecimal64(1,2), toUInt64(1))), toTypeName(if(1, toDecimal32(1,0), toInt32(1)));

-- values-of-common-types: arrays, conditions and sums of decimals
SELECT [toDecimal32('1.5',2), toDecimal32('2.5',1)], if(1, toDecimal32('1.25',2), 7), greatest(toDecimal32('1.25',2), 5), coalesce(CAST('1', 'Nullable(Decimal(20, 10))'), 0), sum(toDecimal32('1.25', 2)) FROM numbers(2);

-- decimals-as-integers: the fraction is cut off
SELECT toInt64(toDecimal64('1.9', 2)), toInt64(toDecimal64('-1.9', 2)), toUInt8(300.7), toUInt8(toDecimal64('255.9', 2)), toUInt64(toDecimal64('5', 2));
