//! What the adaptive mode makes of loads that are made up, in a time that is made up.

mod closed_loop;
mod deadlines;
mod loads;
mod static_sweep;
