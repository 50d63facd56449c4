//! Projects of any size, made of the constructs that real ones are made of.

use std::fmt::Write as _;

/// The same project, with models for SQLAlchemy.
pub(crate) fn with_models(entities: usize) -> String {
    project(entities).replacen(
        "postgres, sqlite\n",
        "postgres, sqlite\n  models    sqlalchemy\n",
        1,
    )
}

/// The text of a project with this many entities, in modules of five.
pub(crate) fn project(entities: usize) -> String {
    let mut text = String::from(
        "project sample {\n  database  postgres, sqlite\n}\n\n\
         role keeper because \"somebody keeps the catalogue\"\n\n\
         entity User owns self {\n  email     Email         @unique(global) because \"one account per address\"\n  \
         password  PasswordHash\n  name      String(100)?  @pii\n  anonymise 30 days after deleted\n}\n",
    );
    for number in 0..entities.saturating_sub(1) {
        let module = number / 5;
        // Writing to a String cannot fail.
        let _ = match number % 5 {
            0 => category(&mut text, module),
            1 => product(&mut text, module),
            2 => order(&mut text, module),
            3 => line(&mut text, module),
            _ => note(&mut text, module),
        };
    }
    text
}

fn category(into: &mut String, n: usize) -> std::fmt::Result {
    write!(
        into,
        "\n/// A shelf, number {n}.\nentity Shelf{n} public because \"the catalogue is for everyone\" {{\n  name    String(80)\n  \
         parent  Shelf{n}?  @on_delete(restrict)\n  unique (parent, name)\n  allow create, update, delete to keeper\n}}\n"
    )
}

fn product(into: &mut String, n: usize) -> std::fmt::Result {
    write!(
        into,
        "\n/// Something that can be bought, number {n}.\nentity Product{n} public because \"the catalogue is for everyone\" {{\n  \
         sku       String(40)   @unique\n  name      String(200)  @min(2)\n  shelf     Shelf{n}?    @on_delete(set_null)\n  \
         price     Money\n  weight    Decimal(8, 3)?  @range(0..1000)\n  details   Json?\n  check (price >= 0)\n  \
         allow create, update, delete to keeper\n  query by_shelf {{\n    where   shelf = $shelf and price between $low and $high\n    \
         order   price\n    limit   50\n    expect  300/s within 20ms\n  }}\n}}\n"
    )
}

fn order(into: &mut String, n: usize) -> std::fmt::Result {
    write!(
        into,
        "\nenum State{n} {{\n  cart -> placed -> paid -> shipped\n  cart, placed, paid -> cancelled\n}}\n\n\
         /// What a customer buys, number {n}.\nentity Order{n} {{\n  customer   User      @owner\n  state      State{n} = cart\n  \
         placed_at  Instant?\n  total      Money = 0\n  lines      [Line{n}]\n  query active {{\n    \
         where   customer = $customer and state = $state\n    order   placed_at desc\n    limit   50\n    \
         expect  200/s within 20ms\n  }}\n}}\n"
    )
}

fn line(into: &mut String, n: usize) -> std::fmt::Result {
    write!(
        into,
        "\n/// One product in an order, number {n}.\nentity Line{n} without soft_delete because \"lives and dies with its order\" {{\n  \
         order     Order{n}    @on_delete(cascade)\n  product   Product{n}\n  quantity  Int = 1  @range(1..1000)\n  \
         price     Money\n  unique (order, product)\n}}\n"
    )
}

fn note(into: &mut String, n: usize) -> std::fmt::Result {
    write!(
        into,
        "\n/// What a customer says of a product, number {n}.\nentity Review{n} {{\n  author   User       @owner\n  \
         product  Product{n}   @on_delete(cascade)\n  stars    Int         @range(1..5)\n  body     Text?       @max(5000)\n  \
         unique (author, product)\n}}\n"
    )
}
