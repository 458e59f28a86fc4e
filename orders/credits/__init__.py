"""What a store refunds as credit memos of its ERP, and what the ERP credits as our copy of it."""
