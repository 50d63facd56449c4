//! What the trail costs, as ratios. Prints and asserts nothing: figures are not tests. Run it alone, optimised or not:
//! `cargo test -p architrave-dialects --test realise_postgres -- --ignored --nocapture --test-threads 1 cost`.

use std::time::{Duration, Instant};

use crate::support::{Shop, Variant, shop_alone};

const ROWS: u32 = 1_500;

/// Orders made and changed one by one, each in its own transaction, as an application does.
fn single(shop: &Shop) -> (Duration, Duration) {
    let ann = shop.sign_up("ann@example.org");
    let mut app = shop.app();
    let mut run = |sql: &dyn Fn(u32) -> String| {
        let begun = Instant::now();
        for index in 0..ROWS {
            app.begin().unwrap();
            shop.enter(&mut app, &ann);
            app.batch(&sql(index)).unwrap();
            app.commit().unwrap();
        }
        begun.elapsed()
    };
    let insert = run(&|index| format!("INSERT INTO shop.orders (note) VALUES ('{index}')"));
    let update = run(&|index| {
        format!(
            "UPDATE shop.orders SET note = note || 'x' WHERE id = (SELECT min(id) FROM shop.orders) + {index}"
        )
    });
    (insert, update)
}

/// The same in one statement: the triggers alone.
fn bulk(shop: &Shop) -> (Duration, Duration) {
    let ann = shop.sign_up("bob@example.org");
    let time = |sql: &str| {
        let begun = Instant::now();
        shop.act(&ann, sql).unwrap();
        begun.elapsed()
    };
    let insert = time("INSERT INTO shop.orders (note) SELECT g::text FROM generate_series(1, 20000) AS g");
    let update = time("UPDATE shop.orders SET note = note || 'x'");
    (insert, update)
}

#[test]
#[ignore = "prints figures"]
#[allow(clippy::print_stdout, reason = "figures are what it is for")]
fn cost() {
    let mut none = None;
    for variant in [Variant::Bare, Variant::Silent, Variant::Setting, Variant::Inline] {
        let shop = shop_alone(variant);
        let (insert, update) = single(&shop);
        let (many, changed) = bulk(&shop);
        let figures = [insert, update, many, changed].map(|each| each.as_secs_f64());
        let base = *none.get_or_insert(figures);
        let ratios: Vec<String> = figures
            .iter()
            .zip(base)
            .map(|(figure, base)| format!("{:>8.0} ms {:>5.2}x", figure * 1000.0, figure / base))
            .collect();
        println!(
            "{:<8} insert {} update {} bulk insert {} bulk update {}",
            format!("{variant:?}"),
            ratios[0],
            ratios[1],
            ratios[2],
            ratios[3]
        );
    }
}
