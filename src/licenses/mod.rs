//! Seats, idle seats and money: pure functions of values and `now`.
//!
//! Asks nobody and reads no clock. What was read is gathered by `organizations/seats/`, which calls what is here:
//! `seats` counts, `purchased` decides between sources, `prices` multiplies, `reclaim` gives reasons and remedies,
//! `totals` adds up, `people_list` tells who is protected or a robot.

mod people_list;
mod prices;
mod purchased;
mod reclaim;
mod seats;
mod totals;

pub use people_list::{Named, PeopleList};
pub use prices::{Billed, Place, configured_seats, cost, price_of};
pub use purchased::{Purchased, PurchasedSources, purchased};
pub use reclaim::{Beside, freed_by, idle_since, reason, sentence};
pub use seats::{SeatHolder, ToldActivity, cutoff, figures, is_reclaimable, seat_use, uses_seat};
pub use totals::totals;
