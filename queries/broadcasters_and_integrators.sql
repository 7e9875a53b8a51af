-- title: Broadcasters and integrators
-- group: Neurons
-- about: Neurons with many partners and far more outputs than inputs (broadcasters), or the reverse (integrators), as defined by
--     Lin et al. (2024): at least 37 partners in all, one direction at least 5 times the other.
-- parameter: min_partners int >= 1 = 37: in-degree and out-degree together
-- parameter: ratio float >= 1 = 5: of the larger degree to the smaller one
-- parameter: min_synapses int >= 1 = 5: only connections with at least this many synapses
-- column: neuron_id: the neuron
-- column: name: its name
-- column: type: its type
-- column: role: broadcaster or integrator
-- column: in_degree (neurons): that synapse onto it
-- column: out_degree (neurons): that it synapses onto
-- example: min_partners=20 ratio=2 min_synapses=1
WITH pairs AS (
    SELECT pre_id, post_id
    FROM connections
    WHERE kind = 'chemical' AND pre_id <> post_id
    GROUP BY pre_id, post_id
    HAVING sum(synapses) >= $min_synapses
),
degrees AS (
    SELECT neuron_id, sum(is_input)::BIGINT AS in_degree, sum(1 - is_input)::BIGINT AS out_degree
    FROM (
        SELECT post_id AS neuron_id, 1 AS is_input FROM pairs
        UNION ALL
        SELECT pre_id, 0 FROM pairs
    )
    GROUP BY neuron_id
)
SELECT n.neuron_id, n.name, n.type, CASE WHEN d.out_degree > d.in_degree THEN 'broadcaster' ELSE 'integrator' END AS role,
       d.in_degree, d.out_degree
FROM degrees d
JOIN neurons n USING (neuron_id)
WHERE d.in_degree + d.out_degree >= $min_partners AND d.in_degree <> d.out_degree
  AND greatest(d.in_degree, d.out_degree) >= $ratio * least(d.in_degree, d.out_degree)
ORDER BY role, d.in_degree + d.out_degree DESC, n.neuron_id
