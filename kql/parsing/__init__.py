"""From characters to whatever is made of the grammar's rules: lark's tables, what drives them, what is wrong with a text."""
