-- title: Lateralised types
-- group: Types
-- about: Types whose left and right neurons differ in their output. The index is (left - right) / (left + right): 0 is even, 1 is
--     left only.
-- parameter: min_outputs int >= 1 = 50: only types with at least this many output synapses
-- column: type: the type
-- column: outputs_left (synapses): from its left neurons
-- column: outputs_right (synapses): from its right neurons
-- column: index (share): (left - right) / (left + right), -1 to 1
-- example: min_outputs=100
SELECT type, coalesce(sum(outputs) FILTER (lower(side) IN ('left', 'l')), 0)::BIGINT AS outputs_left,
       coalesce(sum(outputs) FILTER (lower(side) IN ('right', 'r')), 0)::BIGINT AS outputs_right,
       (outputs_left - outputs_right) / (outputs_left + outputs_right) AS index
FROM neurons
WHERE type IS NOT NULL
GROUP BY type
HAVING outputs_left + outputs_right >= $min_outputs
ORDER BY abs(index) DESC, type
