-- title: Hubs: neurons with most partners
-- group: Neurons
-- about: Neurons by the number of different neurons that they are connected with, either way; in words, `hubs in EB` ranks by connections in and out together. Autapses play no part.
-- parameter: region region = any: only synapses located there
-- parameter: min_synapses int >= 1 = 1: only connections with at least this many synapses
-- column: neuron_id: the neuron
-- column: name: its name
-- column: type: its type
-- column: partners (neurons): different partners, either way
-- column: in_degree (neurons): that synapse onto it
-- column: out_degree (neurons): that it synapses onto
-- column: synapses (synapses): of these connections
-- example: region=EB min_synapses=5
WITH pairs AS (
    SELECT pre_id, post_id, sum(synapses)::BIGINT AS synapses
    FROM connections
    WHERE kind = 'chemical' AND pre_id <> post_id
      AND region_id IN (SELECT unnest($region))
    GROUP BY pre_id, post_id
    HAVING sum(synapses) >= $min_synapses
),
ends AS (
    SELECT pre_id AS neuron_id, post_id AS partner, 0 AS is_input, synapses FROM pairs
    UNION ALL
    SELECT post_id, pre_id, 1, synapses FROM pairs
)
SELECT n.neuron_id, n.name, n.type, count(DISTINCT e.partner) AS partners, sum(e.is_input)::BIGINT AS in_degree,
       sum(1 - e.is_input)::BIGINT AS out_degree, sum(e.synapses)::BIGINT AS synapses
FROM ends e
JOIN neurons n USING (neuron_id)
GROUP BY n.neuron_id, n.name, n.type
ORDER BY partners DESC, synapses DESC, n.neuron_id
