-- title: Strongest outputs, with output fractions
-- group: Partners
-- about: Which neurons get most of the output of the neurons asked. The output fraction is of all their outputs, wherever these are.
-- parameter: neurons neurons: the neurons asked
-- parameter: region region = any: only synapses located there
-- parameter: min_synapses int >= 1 = 1: only connections with at least this many synapses
-- column: neuron_id: the output neuron
-- column: name: its name
-- column: type: its type
-- column: nt: its transmitter
-- column: synapses (synapses): onto it from the neurons asked
-- column: sources (neurons): how many of the neurons asked synapse onto it
-- column: output_fraction (share): of all outputs of the neurons asked, 0 to 1
-- example: neurons="type 'MBON*'" region=SMP(L),SMP(R)
WITH pairs AS (
    SELECT pre_id, post_id, sum(synapses)::BIGINT AS synapses
    FROM connections
    WHERE kind = 'chemical'
      AND pre_id IN (SELECT unnest($neurons))
      AND region_id IN (SELECT unnest($region))
    GROUP BY pre_id, post_id
    HAVING sum(synapses) >= $min_synapses
),
asked AS (SELECT sum(outputs) AS outputs FROM neurons WHERE neuron_id IN (SELECT unnest($neurons)))
SELECT n.neuron_id, n.name, n.type, n.nt, sum(p.synapses)::BIGINT AS synapses, count(*) AS sources,
       sum(p.synapses) / any_value(asked.outputs) AS output_fraction
FROM pairs p
JOIN neurons n ON n.neuron_id = p.post_id
CROSS JOIN asked
GROUP BY n.neuron_id, n.name, n.type, n.nt
ORDER BY synapses DESC, n.neuron_id
