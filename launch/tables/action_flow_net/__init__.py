"""The tables of ActionFlowNet (Ng et al., WACV 2018)."""
