//! Figures of Prisma schemas: read, and imported as `architrave import` does it.

use std::fmt::Write as _;
use std::path::PathBuf;

use diagnostics::Sources;
use engine::StartOptions;
use project::Memory;
use state::named::{self, Named};

use crate::Failure;
use crate::stats::{line, median, ms};

const MODELS: usize = 300;

/// A schema of 300 models, of the kinds that real ones have, on both products.
pub(crate) fn import() -> Result<(), Failure> {
    for (provider, product) in [("postgresql", "postgres"), ("sqlite", "sqlite")] {
        let text = schema(provider, MODELS);
        let dialect = dialects::by_name(product).ok_or("no dialect")?;
        let mut sources = Sources::default();
        sources.add("schema.prisma", text.as_str());
        let read = median(15, || ::prisma::build(&::prisma::parse(&sources), dialect));
        let name = format!("{MODELS} models, {} lines, {product}", text.lines().count());
        line(&format!("{name}, read"), &ms(read), "");
        let cache = tempfile::tempdir()?;
        let options = StartOptions::new(cache.path(), std::env::temp_dir());
        let memory = Memory::with([("schema.prisma".to_owned(), text)]);
        let state = Named::Prisma {
            shown: "schema.prisma".to_owned(),
            files: vec![PathBuf::from("schema.prisma")],
        };
        let mut failed = None;
        let imported = median(7, || {
            let imported = named::import(&memory, &options, dialect, &state, "sample");
            match imported {
                Ok(imported) if imported.entities.len() > MODELS => {}
                Ok(imported) => failed = Some(format!("{} entities", imported.entities.len())),
                Err(failure) => failed = Some(format!("{:?}", failure.findings)),
            }
        });
        if let Some(failed) = failed {
            return Err(failed.into());
        }
        line(&format!("{name}, imported"), &ms(imported), "≤ 100 ms");
    }
    Ok(())
}

/// The text of a schema with so many models, in modules of five around one of users.
fn schema(provider: &str, models: usize) -> String {
    let mut text = format!("datasource db {{\n  provider = \"{provider}\"\n}}\n\n");
    let modules = models / 5;
    // Writing to a String cannot fail.
    let _ = user(&mut text, modules);
    for module in 0..modules {
        let _ = shop(&mut text, module).and_then(|()| people(&mut text, module));
    }
    text
}

fn user(into: &mut String, modules: usize) -> std::fmt::Result {
    into.push_str("/// Somebody who logs in.\nmodel User {\n  id    String @id @default(cuid())\n  email String @unique\n");
    for module in 0..modules {
        writeln!(
            into,
            "  orders{module} Order{module}[]\n  teams{module} Team{module}[]"
        )?;
    }
    into.push_str("}\n");
    Ok(())
}

fn shop(into: &mut String, n: usize) -> std::fmt::Result {
    write!(
        into,
        "\nenum State{n} {{\n  CART\n  PAID\n  SENT\n}}\n\n\
         /// What can be bought.\nmodel Product{n} {{\n  id Int @id @default(autoincrement())\n  sku String @unique\n  name String\n  \
         price Decimal @default(0)\n  weight Float?\n  details Json?\n  active Boolean @default(true)\n  createdAt DateTime @default(now())\n  \
         updatedAt DateTime @updatedAt\n  lines Line{n}[]\n  tags Tag{n}[]\n\n  @@index([name, createdAt(sort: Desc)])\n}}\n\n\
         model Order{n} {{\n  id Int @id @default(autoincrement())\n  state State{n} @default(CART)\n  \
         user User @relation(fields: [userId], references: [id], onDelete: Cascade)\n  userId String\n  placedAt DateTime?\n  lines Line{n}[]\n\n  \
         @@index([userId, placedAt])\n  @@map(\"orders_{n}\")\n}}\n\n\
         model Line{n} {{\n  order Order{n} @relation(fields: [orderId], references: [id])\n  orderId Int @map(\"order_id\")\n  \
         product Product{n} @relation(fields: [productId], references: [id])\n  productId Int @map(\"product_id\")\n  amount Int @default(1)\n\n  \
         @@id([orderId, productId])\n}}\n"
    )
}

fn people(into: &mut String, n: usize) -> std::fmt::Result {
    write!(
        into,
        "\nmodel Tag{n} {{\n  id String @id @default(uuid())\n  name String @unique\n  products Product{n}[]\n}}\n\n\
         model Team{n} {{\n  id BigInt @id @default(autoincrement())\n  name String @default(\"a team\")\n  parentId BigInt?\n  \
         parent Team{n}? @relation(\"tree\", fields: [parentId], references: [id])\n  children Team{n}[] @relation(\"tree\")\n  \
         members User[]\n\n  @@unique([parentId, name])\n}}\n"
    )
}
