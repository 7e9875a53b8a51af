-- title: Neurons to be typed or proofread next
-- group: Neurons
-- about: Neurons that lack something, the largest first: the largest gaps in what is known.
-- parameter: missing text in type|nt|side|class = type: what the neuron lacks
-- parameter: status text = any: also all neurons of this status
-- column: neuron_id: the neuron
-- column: name: its name
-- column: status: of its reconstruction
-- column: inputs (synapses): onto it
-- column: outputs (synapses): from it
-- column: typed_partners (neurons): different partners that have a type
-- example: missing=nt
WITH asked AS (
    SELECT * FROM neurons
    WHERE (CASE $missing WHEN 'nt' THEN nt WHEN 'side' THEN side WHEN 'class' THEN "class" ELSE type END) IS NULL
       OR status = $status
),
ends AS (
    SELECT pre_id AS neuron_id, post_id AS partner FROM connections
    WHERE kind = 'chemical' AND pre_id <> post_id AND pre_id IN (SELECT neuron_id FROM asked)
    UNION
    SELECT post_id, pre_id FROM connections_by_post
    WHERE kind = 'chemical' AND pre_id <> post_id AND post_id IN (SELECT neuron_id FROM asked)
)
SELECT a.neuron_id, a.name, a.status, a.inputs, a.outputs, count(p.neuron_id) AS typed_partners
FROM asked a
LEFT JOIN ends e USING (neuron_id)
LEFT JOIN neurons p ON p.neuron_id = e.partner AND p.type IS NOT NULL
GROUP BY a.neuron_id, a.name, a.status, a.inputs, a.outputs
ORDER BY a.inputs + a.outputs DESC, a.neuron_id
