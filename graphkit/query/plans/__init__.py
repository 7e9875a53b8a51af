"""The SQL of each kind of question, one module a kind.

def plan_...(form, dataset) -> Plan
"""
