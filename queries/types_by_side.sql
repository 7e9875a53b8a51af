-- title: Types by side, the unpaired ones first
-- group: Types
-- about: How many neurons of each type lie on each side. A difference tells of a neuron that is missing or mistyped, or of a
--     type that is truly of one side.
-- parameter: min_difference int >= 0 = 1: only types with at least this difference between left and right
-- column: type: the type
-- column: left (neurons): neurons whose side is left
-- column: right (neurons): neurons whose side is right
-- column: other (neurons): neurons of another side, or of an unknown one
-- column: difference (neurons): left - right, without its sign
-- example: min_difference=1
SELECT type, count(*) FILTER (lower(side) IN ('left', 'l')) AS "left", count(*) FILTER (lower(side) IN ('right', 'r')) AS "right",
       count(*) FILTER (side IS NULL OR lower(side) NOT IN ('left', 'l', 'right', 'r')) AS other,
       abs("left" - "right") AS difference
FROM neurons
WHERE type IS NOT NULL
GROUP BY type
HAVING difference >= $min_difference
ORDER BY difference DESC, type
