-- title: Strongest inputs, with input fractions
-- group: Partners
-- about: Which neurons give the neurons asked most of their input. The input fraction is of all their inputs, wherever these are.
-- parameter: neurons neurons: the neurons asked
-- parameter: region region = any: only synapses located there
-- parameter: min_synapses int >= 1 = 1: only connections with at least this many synapses
-- column: neuron_id: the input neuron
-- column: name: its name
-- column: type: its type
-- column: nt: its transmitter
-- column: synapses (synapses): from it onto the neurons asked
-- column: targets (neurons): how many of the neurons asked it synapses onto
-- column: input_fraction (share): of all inputs of the neurons asked, 0 to 1
-- example: neurons=EPG min_synapses=5
WITH pairs AS (
    SELECT pre_id, post_id, sum(synapses)::BIGINT AS synapses
    FROM connections_by_post
    WHERE kind = 'chemical'
      AND post_id IN (SELECT unnest($neurons))
      AND region_id IN (SELECT unnest($region))
    GROUP BY pre_id, post_id
    HAVING sum(synapses) >= $min_synapses
),
asked AS (SELECT sum(inputs) AS inputs FROM neurons WHERE neuron_id IN (SELECT unnest($neurons)))
SELECT n.neuron_id, n.name, n.type, n.nt, sum(p.synapses)::BIGINT AS synapses, count(*) AS targets,
       sum(p.synapses) / any_value(asked.inputs) AS input_fraction
FROM pairs p
JOIN neurons n ON n.neuron_id = p.pre_id
CROSS JOIN asked
GROUP BY n.neuron_id, n.name, n.type, n.nt
ORDER BY synapses DESC, n.neuron_id
