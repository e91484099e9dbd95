"""Join captures, entitlements, Lima's log and a profile into one report; decide nothing here."""
