-- title: Common inputs of two groups
-- group: Partners
-- about: Neurons that synapse onto both of two groups; those whose weaker side is strongest come first.
-- parameter: a neurons: the first group
-- parameter: b neurons: the second group
-- parameter: region region = any: only synapses located there
-- parameter: min_synapses int >= 1 = 1: the least number of synapses onto each group
-- column: neuron_id: the common input
-- column: name: its name
-- column: type: its type
-- column: synapses_to_a (synapses): onto the first group
-- column: synapses_to_b (synapses): onto the second group
-- example: a=PEN_a b=PEN_b min_synapses=5
WITH found AS (
    SELECT pre_id,
           coalesce(sum(synapses) FILTER (post_id IN (SELECT unnest($a))), 0)::BIGINT AS synapses_to_a,
           coalesce(sum(synapses) FILTER (post_id IN (SELECT unnest($b))), 0)::BIGINT AS synapses_to_b
    FROM connections_by_post
    WHERE kind = 'chemical'
      AND post_id IN (SELECT unnest($a) UNION ALL SELECT unnest($b))
      AND region_id IN (SELECT unnest($region))
    GROUP BY pre_id
)
SELECT n.neuron_id, n.name, n.type, f.synapses_to_a, f.synapses_to_b
FROM found f
JOIN neurons n ON n.neuron_id = f.pre_id
WHERE least(f.synapses_to_a, f.synapses_to_b) >= $min_synapses
ORDER BY least(f.synapses_to_a, f.synapses_to_b) DESC, f.synapses_to_a + f.synapses_to_b DESC, n.neuron_id
