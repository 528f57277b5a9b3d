"""The register: nothing of it is lost, its money adds up, its odds follow the rule.

The rows are those of the register of announced projects, by id and product; each says where it ended.
"""

from __future__ import annotations

import pytest

from sim.analysis.projects import project_totals, projects
from sim.data.read import Tables
from sim.data.register import CEILING, Register

REGISTER = """
project_vault 1 line:project_vault
project_vault 2 programme:project_vault_programme
reko_diq 1 part:reko_diq
reko_diq 2 outside:gold
six_k_additive_burgettstown 1 part:six_k_burgettstown
amaero_cleveland_tn 1 part:amaero_cleveland
empire_state_mines 1 part:empire_state_mines
empire_state_mines 2 part:kilbourne
iperionx_virginia 1 part:iperionx_virginia
exim_loi_us_rare_earths 1 line:exim_loi_us_rare_earths
exim_loi_arkansas_lithium 1 part:swa_brine
exim_loi_goongarrie 1 part:goongarrie_mine
exim_loi_goongarrie 2 output:goongarrie_mhp/cobalt/hydroxide
exim_loi_taronga 1 part:taronga
exim_loi_hemerdon 1 output:hemerdon/tin/concentrate
exim_loi_hemerdon 2 part:hemerdon
thacker_pass 1 part:thacker_pass_mine
rhyolite_ridge 1 part:rhyolite_ridge_mine
rhyolite_ridge 2 output:rhyolite_ridge_carbonate/boron/b2o3
glencore_battery_recycling_rochester 1 part:rochester_hub
glencore_battery_recycling_rochester 2 outside:mixed hydroxide
syrah_vidalia 1 part:vidalia_spherical
atlis 1 part:atlis_brine
novonix_kathari 1 part:novonix_enterprise_south
novonix_riverside 1 part:novonix_riverside
michigan_potash 1 part:michigan_potash
michigan_potash 2 outside:salt
ambler_arctic 1 part:ambler_arctic
ambler_arctic 2 output:ambler_arctic/zinc/concentrate
ambler_arctic 3 outside:lead
alcoa_sojitz_wagerup 1 part:wagerup_gallium
vulcan_elements_benson 1 part:vulcan_benson_metal
reelement_marion 1 part:reelement_marion_ndpr
reelement_marion 2 part:reelement_marion_scale_up
reelement_noblesville 1 part:reelement_noblesville
korea_zinc_clarksville 1 part:clarksville_zinc
korea_zinc_clarksville 2 outside:lead
korea_zinc_clarksville 3 part:clarksville_copper
korea_zinc_clarksville 4 part:clarksville_antimony
korea_zinc_clarksville 5 outside:sulphuric acid
korea_zinc_clarksville 6 line:korea_zinc_clarksville_conditional_loan
korea_zinc_clarksville 7 line:korea_zinc_clarksville_equity
atalco_gramercy 1 part:atalco_gramercy
atalco_gramercy 2 part:gramercy_gallium
atalco_st_ann 1 part:atalco_st_ann
usurif_ukraine 1 line:usurif_ukraine
orion_cmc 1 line:orion_cmc
serra_verde 1 part:serra_verde
kaz_tungsten 1 part:north_katpar
kaz_tungsten 2 part:upper_kairakty
kaz_tungsten 3 line:kaz_tungsten_exim
gecamines_mercuria 1 redirect:tenke_copper_to_usa
gecamines_mercuria 2 redirect:tenke_copper_to_gulf
glencore_orion_kcc 1 part:kamoto_copper
glencore_orion_kcc 2 part:kamoto_cobalt
glencore_orion_mutanda 1 part:mutanda_copper
glencore_orion_mutanda 2 part:mutanda_cobalt
dfc_gulf_partnership 1 line:dfc_gulf_partnership
realloys 1 part:realloys_high_temperature
halleck_creek 1 part:halleck_creek_mine
mp_mountain_pass 1 part:mp_mountain_pass
mp_mountain_pass 2 part:mp_mountain_pass_separation
mp_mountain_pass 3 part:mp_mountain_pass_dysprosium
mp_independence 1 part:mp_independence_high_temperature
mp_10x_northlake 1 part:mp_10x_high_temperature
mp_maaden_jv 1 part:mp_maaden_ndpr
lynas_malaysia 1 part:lynas_malaysia
lynas_kalgoorlie 1 part:lynas_mt_weld
lynas_seadrift 1 part:seadrift_dysprosium
usar_round_top 1 part:round_top_mine
usar_stillwater 1 part:stillwater_high_temperature
noveon_san_marcos 1 part:noveon_san_marcos
evac_sumter 1 part:evac_sumter_high_temperature
energy_fuels_white_mesa 1 part:white_mesa_ndpr
energy_fuels_white_mesa 2 part:white_mesa_ndpr_phase_2
energy_fuels_white_mesa 3 part:white_mesa_dysprosium
energy_fuels_white_mesa 4 part:white_mesa_terbium
donald_project 1 part:donald_monazite
iluka_eneabba 1 part:eneabba_stockpile
arafura_nolans 1 part:nolans_mine
northern_minerals_browns_range 1 part:browns_range
albemarle_kings_mountain 1 part:kings_mountain
perpetua_stibnite 1 part:stibnite
us_antimony_thompson_falls 1 part:us_antimony_thompson_falls_existing
nyrstar_port_pirie_sb 1 part:port_pirie_stage_1
nyrstar_port_pirie_sb 2 part:port_pirie_stage_2
nyrstar_hobart_ge 1 part:hobart_germanium_concentrate
nyrstar_clarksville_existing 1 part:nyrstar_clarksville_existing
tenke_fungurume 1 part:tenke_copper
tenke_fungurume 2 part:tenke_cobalt
balama 1 part:balama
nathan_trotter_virginia 1 part:nathan_trotter
south_crofty 1 part:south_crofty
dobra_lithium 1 part:dobra
latrobe_magnesium 1 part:latrobe_stage_2
"""
PROGRAMMES = """
critical_minerals_ministerial_2026
forge
forge_reference_price
msp
msp_forum
pax_silica
frameworks_2026_02_04
framework_arg
framework_cok
framework_ecu
framework_gin
framework_mar
framework_pry
framework_per
framework_phl
framework_are
framework_gbr
framework_uzb
frameworks_prior_10
framework_aus
framework_jpn
framework_mys
framework_tha
framework_kaz
framework_sau
framework_cod
framework_ukr
negotiated_17
landau_industry_taskforce
ustr_mexico_action_plan
ustr_eu_japan_action_plans
ustr_japan_bilateral
plurilateral_atcm
section_232_pcm
us_mobilised_30bn
project_vault_programme
exim_loi_total
exim_scri
exim_mmia
exim_authorised
doe_lpo
doe_ree_demo
doe_mines_future
doe_cmm_accelerator
doe_battery_500
doe_rocks
doe_magnito
doe_trace_ga
doe_recover
dow_osc
dow_mp_deal
dow_lynas_deal
jare_lynas
dfc_portfolio
dfc_african_copper_jv
glencore_orion_mou
nds
secure_minerals_act
aus_strategic_reserve
"""


@pytest.fixture(scope="module")
def register(tables: Tables) -> Register:
    return Register(tables)


def places(tables: Tables) -> set[str]:
    """Return every place where a row of the register may have ended, as the list writes it."""
    found = {f"part:{name}" for name in tables.project_parts["part"]}
    found |= {f"redirect:{name}" for name in tables.project_redirects["redirect"]}
    found |= {f"line:{name}" for name in tables.finance["line"]}
    found |= {f"programme:{name}" for name in tables.programmes["programme"]}
    for row in tables.project_outputs.to_dict("records"):
        found.add(f"output:{row['part']}/{row['output_material']}")
    return found


def test_every_row_of_the_register_ended_somewhere(tables: Tables) -> None:
    """A plant, a redirect, a line of money, a programme, or a product that the network does not follow."""
    known = places(tables)
    outside = dict(zip(tables.projects["project"], tables.projects["outside"], strict=True))
    listed = [line.split(" ", 2) for line in REGISTER.strip().splitlines()]
    assert len(listed) == 95
    lost = []
    for project, index, place in listed:
        assert project in outside, project
        kind, _, words = place.partition(":")
        there = any(words in text for text in outside[project]) if kind == "outside" else place in known
        if not there:
            lost.append((project, index, place))
    assert lost == []
    assert {project for project, _, _ in listed} == set(outside)


def test_every_programme_is_there(tables: Tables) -> None:
    """All institutions of the register, and no other."""
    assert set(tables.programmes["programme"]) == set(PROGRAMMES.split())


def test_every_project_has_a_node_an_effect_or_money(tables: Tables) -> None:
    """A project that does nothing would look as if it were counted."""
    for row in projects(tables):
        assert row["node"] or row["effect"] or row["lines"], row["id"]


def test_the_money_of_the_list_adds_up_to_the_announced_totals(tables: Tables) -> None:
    """By agency as the list gives it, and the sums that were rebuilt from its lines."""
    totals = project_totals(projects(tables, in_list=True))
    assert {name: row["amount_usd_m"] for name, row in totals["by_agency"].items()} == {
        "EXIM": pytest.approx(11377.9 + 14800.0),  # authorised, and all letters
        "DOE": pytest.approx(7283.8 + 1105.0),  # loans and conditional commitments, and grant calls
        "DoW": pytest.approx(4778.0),
        "DFC": pytest.approx(1240.0 + 700.0),  # investments, and the letter for tungsten
    }
    named_letters = 455.0 + 400.0 + 350.0 + 215.0
    assert totals["money"]["amount_usd_m"] == pytest.approx(41284.7)
    assert totals["money"]["amount_usd_m"] - 14800.0 + named_letters == pytest.approx(27904.7)
    assert totals["by_agency"]["DoW"]["private_usd_m"] == pytest.approx(4160.3)
    not_binding = 93.0 + 35.0  # equity that the rebuilt firm sum of 18.9 billion counts
    assert totals["money"]["firm_usd_m"] + not_binding == pytest.approx(18864.9)


def test_conditional_and_closed_loans_of_the_energy_department(tables: Tables) -> None:
    """3,869 million closed and 3,414.8 million conditional make 7,283.8 million."""
    rows = projects(tables, agency="DOE", in_list=True)
    by_state = project_totals(rows)["by_state"]
    assert by_state["closed"]["amount_usd_m"] == pytest.approx(3869.0)
    assert by_state["conditional"]["amount_usd_m"] == pytest.approx(3414.8)


def test_a_filter_by_agency_counts_that_agency_alone(tables: Tables) -> None:
    """A project with money of two agencies must not be counted whole under each."""
    everything = project_totals(projects(tables))
    for agency, row in everything["by_agency"].items():
        alone = project_totals(projects(tables, agency=agency))["money"]["amount_usd_m"]
        assert alone == pytest.approx(row["amount_usd_m"]), agency


def test_odds_follow_status_instruments_and_programmes(register: Register) -> None:
    """Largest gain whole, next one half, programmes on top, never above the ceiling."""
    clarksville = register.odds("korea_zinc_clarksville", "announced")
    assert clarksville.success == pytest.approx(0.30 + 0.15 + 0.5 * 0.15)
    assert clarksville.built
    kazakh = register.odds("kaz_tungsten", "announced")
    assert kazakh.success == pytest.approx(0.30 + 0.03 + 0.02)
    assert kazakh.slip_days == pytest.approx(1095 * 1.2)
    assert not kazakh.built
    assert register.odds("mp_10x_northlake", "construction").success == CEILING
    assert register.odds("reko_diq", "cancelled").success == 0.0


def test_every_part_has_odds_and_a_date_where_one_was_announced(register: Register) -> None:
    """A later status never makes it less likely."""
    order = ("announced", "permitting", "financed", "construction", "commissioning")
    for name, parts in register.parts.items():
        odds = [register.odds(name, status).success for status in order]
        assert odds == sorted(odds), name
        for part in parts:
            first = register.first_output(part)
            assert (first is None) == (part["start_date"] != part["start_date"])
            assert first is None or first >= part["start_date"].date()
