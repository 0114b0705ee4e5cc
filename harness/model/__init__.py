"""What flows: drill, plan, restore point, inventory, evidence, verdict. No behaviour but derived values."""
