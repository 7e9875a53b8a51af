-- title: Pairs of neurons that inhibit each other
-- group: Motifs
-- about: Reciprocal connections of which both ways are inhibitory: the core of winner-take-all circuits. Strongest first.
-- parameter: inhibitory transmitter = gaba,glutamate: transmitters that inhibit
-- parameter: region region = any: only synapses located there
-- parameter: min_synapses int >= 1 = 1: the least number of synapses in each direction
-- column: a_id: one neuron, that with the lower id
-- column: a_type: its type
-- column: b_id: the other
-- column: b_type: its type
-- column: synapses_a_to_b (synapses): inhibitory, from the one to the other
-- column: synapses_b_to_a (synapses): inhibitory, back
-- example: region=EB min_synapses=3
WITH pairs AS (
    SELECT pre_id, post_id, sum(synapses)::BIGINT AS synapses
    FROM connections
    WHERE kind = 'chemical' AND pre_id <> post_id AND nt IN (SELECT unnest($inhibitory))
      AND region_id IN (SELECT unnest($region))
    GROUP BY pre_id, post_id
    HAVING sum(synapses) >= $min_synapses
)
SELECT a.pre_id AS a_id, n.type AS a_type, a.post_id AS b_id, m.type AS b_type,
       a.synapses AS synapses_a_to_b, b.synapses AS synapses_b_to_a
FROM pairs a
JOIN pairs b ON b.pre_id = a.post_id AND b.post_id = a.pre_id
JOIN neurons n ON n.neuron_id = a.pre_id
JOIN neurons m ON m.neuron_id = a.post_id
WHERE a.pre_id < a.post_id
ORDER BY least(a.synapses, b.synapses) DESC, a_id, b_id
