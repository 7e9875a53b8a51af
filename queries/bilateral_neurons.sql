-- title: Unilateral and bilateral neurons
-- group: Neurons
-- about: On which side of the brain neurons have their synapses, by the regions' names: those that end in (L) or _L are left, in (R)
--     or _R right. A neuron is bilateral where the lesser side has at least the given share of the synapses on both.
-- parameter: neurons neurons = any: only these neurons
-- parameter: min_share float >= 0 = 0.1: of the lesser side
-- column: neuron_id: the neuron
-- column: name: its name
-- column: type: its type
-- column: left (synapses): inputs and outputs in left regions
-- column: right (synapses): inputs and outputs in right regions
-- column: reach: left, right or bilateral
-- example: neurons="type 'MBON*'"
WITH sided AS (
    SELECT region_id, upper(regexp_extract(name, '[(_]([LlRr])\)?$', 1)) AS side
    FROM regions
    WHERE side <> ''
),
found AS (
    SELECT r.neuron_id, coalesce(sum(r.inputs + r.outputs) FILTER (s.side = 'L'), 0)::BIGINT AS "left",
           coalesce(sum(r.inputs + r.outputs) FILTER (s.side = 'R'), 0)::BIGINT AS "right"
    FROM neuron_regions r
    JOIN sided s USING (region_id)
    WHERE r.inputs + r.outputs > 0
      AND r.neuron_id IN (SELECT unnest($neurons))
    GROUP BY r.neuron_id
)
SELECT n.neuron_id, n.name, n.type, f."left", f."right",
       CASE WHEN least(f."left", f."right") >= $min_share * (f."left" + f."right") THEN 'bilateral'
            WHEN f."left" > f."right" THEN 'left' ELSE 'right' END AS reach
FROM found f
JOIN neurons n USING (neuron_id)
ORDER BY least(f."left", f."right") / (f."left" + f."right") DESC, f."left" + f."right" DESC, n.neuron_id
