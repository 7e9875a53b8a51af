-- title: Common outputs of two groups
-- group: Partners
-- about: Neurons that get synapses from both of two groups; those whose weaker side is strongest come first.
-- parameter: a neurons: the first group
-- parameter: b neurons: the second group
-- parameter: region region = any: only synapses located there
-- parameter: min_synapses int >= 1 = 1: the least number of synapses from each group
-- column: neuron_id: the common output
-- column: name: its name
-- column: type: its type
-- column: synapses_from_a (synapses): from the first group
-- column: synapses_from_b (synapses): from the second group
-- example: a=ER4d b=ER4m region=EB
WITH found AS (
    SELECT post_id,
           coalesce(sum(synapses) FILTER (pre_id IN (SELECT unnest($a))), 0)::BIGINT AS synapses_from_a,
           coalesce(sum(synapses) FILTER (pre_id IN (SELECT unnest($b))), 0)::BIGINT AS synapses_from_b
    FROM connections
    WHERE kind = 'chemical'
      AND pre_id IN (SELECT unnest($a) UNION ALL SELECT unnest($b))
      AND region_id IN (SELECT unnest($region))
    GROUP BY post_id
)
SELECT n.neuron_id, n.name, n.type, f.synapses_from_a, f.synapses_from_b
FROM found f
JOIN neurons n ON n.neuron_id = f.post_id
WHERE least(f.synapses_from_a, f.synapses_from_b) >= $min_synapses
ORDER BY least(f.synapses_from_a, f.synapses_from_b) DESC, f.synapses_from_a + f.synapses_from_b DESC, n.neuron_id
