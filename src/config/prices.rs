use std::collections::HashSet;

use jiff::civil::Date;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use super::{problem::Problems, section::section};
use crate::domain::{Billing, Price, PriceList, Rate, Tier, product_key};

/// How often seats are billed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum BillingPeriod {
    /// Every month, for the greatest number of seats used within it.
    #[default]
    Monthly,
    /// Every year, for the seats that were bought.
    Annual,
}

/// What the price of a tier is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TierKind {
    /// For each seat within the tier; seats beyond its edge cost the next tier's price.
    Graduated,
    /// For all seats together.
    Flat,
}

/// A tier of a price.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TierSection {
    /// The last seat within the tier; left out of the last tier where it has no end.
    pub up_to: Option<u64>,
    /// The price, as text.
    #[serde(with = "rust_decimal::serde::str")]
    pub price: Decimal,
}

section! {
    /// What a product costs; Atlassian tells no price. Of several that fit, the one for the site counts before the one for the integration, that before the one for the plan.
    PriceSection {
        /// The product's key: `jira-software`, `jira-servicedesk`, `confluence`, `bitbucket`, ...
        product: String = String::new(), such as "\"confluence\"";
        /// Only for this integration, by its id or label.
        integration: Option<String> = None, such as "\"acme\"";
        /// Only for this site.
        site: Option<String> = None, such as "\"acme.atlassian.net\"";
        /// Only for this plan, as Atlassian's list of products names it.
        plan: Option<String> = None, such as "\"premium\"";
        /// ISO 4217.
        currency: String = String::new(), such as "\"USD\"";
        /// `monthly` bills the seats in use, `annual` those that were bought. All prices are for one such period.
        billing: BillingPeriod = BillingPeriod::Monthly;
        /// `monthly`: the day of the month on which a period begins. Left out, no day of saving is told.
        billing_day: Option<i8> = None, such as "15";
        /// `annual`: a day on which it is renewed, in any year. Left out, no day of saving is told.
        renews_on: Option<Date> = None, such as "\"2027-03-01\"";
        /// What one seat costs for a period, as text, since a number is not exact. Either this or `tiers`.
        #[serde(with = "rust_decimal::serde::str_option")]
        seat_price: Option<Decimal> = None, such as "\"6.05\"";
        /// Prices by the number of seats, with rising edges; the last tier may go without one.
        tiers: Vec<TierSection> = Vec::new(), such as "[{ up_to = 100, price = \"6.05\" }, { price = \"5.16\" }]";
        /// With `tiers`: `graduated`, a price for each seat within the tier, or `flat`, one price for all seats together.
        tier_prices: Option<TierKind> = None, such as "\"graduated\"";
        /// What is taken off, in percent, as text.
        #[serde(with = "rust_decimal::serde::str")]
        discount_percent: Decimal = Decimal::ZERO;
    }
}

impl PriceSection {
    fn price(&self) -> Price {
        let tiers = || {
            let tier = |tier: &TierSection| Tier { up_to: tier.up_to, price: tier.price };
            self.tiers.iter().map(tier).collect()
        };
        Price {
            product: product_key(&self.product),
            integration: self.integration.clone(),
            site: self.site.as_deref().map(site_of),
            plan: self.plan.clone(),
            currency: self.currency.clone(),
            rate: match (self.seat_price, self.tier_prices) {
                (Some(seat), _) => Rate::PerSeat(seat),
                (None, Some(TierKind::Flat)) => Rate::Flat(tiers()),
                (None, _) => Rate::Graduated(tiers()),
            },
            billing: match self.billing {
                BillingPeriod::Monthly => Billing::Monthly { day: self.billing_day },
                BillingPeriod::Annual => Billing::Annual { renews_on: self.renews_on },
            },
            discount_percent: self.discount_percent,
        }
    }

    fn refuse_nonsense(&self, key: &impl Fn(&str) -> String, problems: &mut Problems) {
        if self.product.trim().is_empty() {
            problems.add(
                key("product"),
                "is missing",
                "name a product by its key, such as `confluence`",
            );
        }
        let is_currency =
            self.currency.len() == 3 && self.currency.bytes().all(|byte| byte.is_ascii_uppercase());
        if !is_currency {
            problems.add(
                key("currency"),
                "is no currency",
                "give its three letters, such as `USD`",
            );
        }
        if self.discount_percent < Decimal::ZERO || self.discount_percent > Decimal::ONE_HUNDRED {
            problems.add(
                key("discount_percent"),
                "is not within 0 and 100",
                "give the percent that are taken off",
            );
        }
        self.refuse_dates(key, problems);
        self.refuse_rates(key, problems);
    }

    fn refuse_dates(&self, key: &impl Fn(&str) -> String, problems: &mut Problems) {
        if self.billing_day.is_some_and(|day| !(1..=31).contains(&day)) {
            problems.add(
                key("billing_day"),
                "is no day of a month",
                "give 1 to 31; a shorter month counts its last day",
            );
        }
        let (wrong, other) = match self.billing {
            BillingPeriod::Monthly => (self.renews_on.is_some().then_some("renews_on"), "annual"),
            BillingPeriod::Annual => {
                (self.billing_day.is_some().then_some("billing_day"), "monthly")
            }
        };
        if let Some(wrong) = wrong {
            problems.add(
                key(wrong),
                format!("is for billing = \"{other}\" only"),
                "leave it out, or change `billing`",
            );
        }
    }

    fn refuse_rates(&self, key: &impl Fn(&str) -> String, problems: &mut Problems) {
        match (self.seat_price, self.tiers.is_empty()) {
            (None, true) => problems.add(
                key("seat_price"),
                "is missing",
                "give what one seat costs, such as `seat_price = \"6.05\"`, or `tiers`",
            ),
            (Some(_), false) => {
                problems.add(
                    key("tiers"),
                    "is given together with `seat_price`",
                    "keep one of the two",
                );
            }
            _ => {}
        }
        if !self.tiers.is_empty() && self.tier_prices.is_none() {
            problems.add(
                key("tier_prices"),
                "is missing",
                "say `graduated` where a tier's price is for each seat within it, `flat` where it is for all seats together",
            );
        }
        let prices = self.tiers.iter().map(|tier| tier.price).chain(self.seat_price);
        if prices.into_iter().any(|price| price < Decimal::ZERO) {
            problems.add(
                key("seat_price"),
                "or a tier's price is below zero",
                "give what is paid; a discount has its own setting",
            );
        }
        let edges: Vec<Option<u64>> = self.tiers.iter().map(|tier| tier.up_to).collect();
        let inner = edges.len().saturating_sub(1);
        let is_rising = edges.is_sorted_by(|a, b| match (a, b) {
            (Some(a), Some(b)) => a < b,
            (Some(_), None) => true,
            (None, _) => false,
        });
        if edges.contains(&Some(0)) || edges[..inner].contains(&None) || !is_rising {
            problems.add(
                key("tiers"),
                "have edges that do not rise from tier to tier",
                "give each tier but the last an `up_to` above the one before",
            );
        }
    }
}

/// The price list of all sections.
pub(super) fn price_list(sections: &[PriceSection]) -> PriceList {
    PriceList(sections.iter().map(PriceSection::price).collect())
}

pub(super) fn refuse_nonsense(sections: &[PriceSection], problems: &mut Problems) {
    let mut seen = HashSet::new();
    for (index, section) in sections.iter().enumerate() {
        let key = |name: &str| {
            if section.product.is_empty() {
                format!("prices[{index}].{name}")
            } else {
                format!("prices[{index}].{name} (of `{}`)", section.product)
            }
        };
        section.refuse_nonsense(&key, problems);
        let lower = |text: &Option<String>| text.as_ref().map(|text| text.to_lowercase());
        let about = (
            product_key(&section.product),
            lower(&section.integration),
            section.site.as_deref().map(site_of),
            lower(&section.plan),
        );
        if !seen.insert(about) {
            problems.add(
                key("product"),
                "has a price for the same integration, site and plan already",
                "keep one of the two, or narrow one by `site`, `integration` or `plan`",
            );
        }
    }
}

/// The host of a site, and its port where it has one, of an address or of the host alone.
pub(super) fn site_of(text: &str) -> String {
    let text = text.trim();
    let rest = text.split_once("://").map_or(text, |(_, rest)| rest);
    rest.split('/').next().unwrap_or(rest).to_lowercase()
}
