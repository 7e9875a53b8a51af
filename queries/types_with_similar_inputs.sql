-- title: Types with similar inputs
-- group: Types
-- about: Cosine similarity of the synapses that types get from each type: 1 is the same mixture, 0 nothing in common.
-- parameter: type type: the type to compare with (one or several, taken together)
-- column: type: the other type
-- column: similarity (cosine): 0 to 1
-- column: shared_types (types): input types of both
-- example: type=EPG
WITH vectors AS (
    SELECT b.type AS post_type, a.type AS pre_type, sum(c.synapses)::DOUBLE AS synapses
    FROM connections c
    JOIN neurons a ON a.neuron_id = c.pre_id
    JOIN neurons b ON b.neuron_id = c.post_id
    WHERE c.kind = 'chemical' AND a.type IS NOT NULL AND b.type IS NOT NULL
    GROUP BY b.type, a.type
),
asked AS (SELECT pre_type, sum(synapses) AS synapses FROM vectors WHERE post_type IN (SELECT unnest($type)) GROUP BY pre_type),
length AS (SELECT post_type, sqrt(sum(synapses ** 2)) AS length FROM vectors GROUP BY post_type)
SELECT v.post_type AS type,
       round(sum(v.synapses * q.synapses) / any_value(l.length) / (SELECT sqrt(sum(synapses ** 2)) FROM asked), 12) AS similarity,
       count(*) AS shared_types
FROM vectors v
JOIN asked q USING (pre_type)
JOIN length l USING (post_type)
WHERE v.post_type NOT IN (SELECT unnest($type))
GROUP BY v.post_type
ORDER BY similarity DESC, type
