"""The vending side: what makes tokens. Nothing of it is ever frozen into a meter.

| module | does |
| --- | --- |
| `station` | opens a station: database, security module, clock, operator |
| `station_time` | the zone of its months and days, and a clock that is not simply believed |
| `sales` | sells credit, management and test tokens, and takes a sale back |
| `offers` | says what a meter can be sold now, and what an order comes to |
| `batch` | sells many orders, with one commit for each bunch |
| `debts` | takes money for a customer's debt |
| `rekey` | gives a meter another key |
| `refusal` | says why something was not done |

Meters, groups and prices:

| module | does |
| --- | --- |
| `meter_list` | registers and finds meters |
| `meter_edits` | changes and retires them |
| `meter_time` | finds the month, the next minute (TID) and the free units of a meter |
| `supply_groups` | keeps groups with their vending keys |
| `vending_key` | the rules of a vending key |
| `key_usage` | what a vending key issued on a day, and its limits |
| `tariff` | works out what a payment buys |
| `tariff_list` | keeps the tariffs |
| `free_units` | says how many free units go on a token now |
| `fitting` | refuses a tariff or key that a meter cannot use |

Tokens and keys:

| module | does |
| --- | --- |
| `security_module` | derives and encrypts within the limits of a key, and never exports |
| `key_safe` | its keys at rest: makes, keeps, limits, retires and wraps them |
| `module_clock` | what it believes of the time |
| `token_request` | a token as the station asks the security module for it |
| `encoder` | makes 20 digits of a kind and its fields |
| `sta_encrypt` | encrypts by algorithm 07 |
| `misty1_encrypt` | encrypts by algorithm 11 |
| `quick_encrypt` | encrypts by tables, once many tokens were made |
| `derivation` | derives decoder keys from vending keys |
| `key_change` | says which key changes are allowed |
| `key_sections` | makes the tokens of a key change |
| `tid_clock` | turns a time into a TID |
| `amounts` | turns amounts and limits into the fields of a token |
| `sizes` | sizes that the standard sets |
| `sealing` | encrypts secrets at rest |
| `transport` | carries vending keys to another station |

Receipts:

| module | does |
| --- | --- |
| `slips` | binds a receipt into the books and the audit log |
| `slip_seal` | seals all that a reprint shows |
| `exact_json` | writes as JSON what is sealed, digested or kept |
| `typed_lines` | what a sale is made of, for programs |
| `receipt` | a receipt as JSON, as text and as a page |
| `sales_list` | sales as rows for other programs |
| `day_report` | sums up a day |
| `last_token` | finds the last tokens of a meter |

The audit log:

| module | does |
| --- | --- |
| `audit` | adds entries to the chain |
| `log_head` | says where the chain ends |
| `keeper` | makes and checks the codes of the log |
| `audit_walk` | verifies all of the log |
| `anchor` | notes its end in a file outside of the database |

The database:

| module | does |
| --- | --- |
| `storage` | opens the database and gives transactions |
| `engines` | how it is connected to, and how a transaction begins |
| `sqlite_file` | checks a SQLite file before a station opens it |
| `books` | the session of one writing transaction |
| `kept_rows` | the meters and keys that such a transaction works on |
| `plain_sql` | statements that every sale runs, past SQLAlchemy's execution |
| `models` | the tables of the station |
| `pos_models` | the tables of points of sale |
| `report_models` | the tables of what meters report |
| `shop_models` | the tables of the shop |
| `schema` | makes the tables, and brings older ones up to date |
| `migrations/` | the way from each version to the next |
| `backup` | backs a station up, and restores it |
| `backup_file` | a backup as a file |

Texts and files:

| module | does |
| --- | --- |
| `decimal_text` | reads amounts of money and energy |
| `plain_text` | checks names and reasons that people give |
| `meter_number` | checks the number of a meter that people give |
| `new_file` | writes files of secrets and receipts, and overwrites none |
"""
