"""The console on the ledger's HTTP face: its pages, and the files that come with them."""

from fastapi import FastAPI

from cloud_sync.console.error_pages import install_pages
from cloud_sync.console.live import Broadcast, Recent
from cloud_sync.console.pages import (
    access_reviews,
    account,
    administration,
    agreements,
    alerts,
    archive,
    audit,
    batch,
    cases,
    change_control,
    changes,
    charges,
    choices,
    claims,
    compounding,
    connections,
    control_tower,
    controlled,
    counts,
    destruction,
    devices,
    downtime,
    equipment,
    expiry,
    finance,
    gateway_config,
    gateways,
    holds,
    hospital_messages,
    labels,
    loggers,
    login,
    lots,
    new_order,
    now,
    order,
    orders,
    papers,
    people,
    picks,
    planning,
    quality_control,
    quality_plans,
    quarantine,
    recalls,
    receiving,
    records,
    releases,
    reports,
    retention,
    returns,
    room,
    serials,
    setup,
    shortages,
    signatures,
    spreadsheets,
    suspects,
    theft,
    trace,
    trading_partners,
    training,
    transaction_data,
    transfers,
    verification,
    word_erasures,
)
from cloud_sync.console.static_files import serve_files

PAGES = (
    now, room, quarantine, holds, trace, lots, labels, cases, alerts,
    receiving, orders, new_order, order, picks, transfers, returns, destruction, counts, controlled, downtime,
    planning, control_tower, shortages,
    recalls, claims, compounding, batch, quality_control, quality_plans, signatures, expiry, finance, charges,
    reports, papers, audit,
    trading_partners, transaction_data, verification, suspects, serials, devices, theft,
    records, changes, change_control, retention, training, equipment, agreements, access_reviews,
    gateways, gateway_config, releases, loggers, connections, hospital_messages, setup, people,
    spreadsheets, archive, word_erasures, administration, account, login, choices,
)  # fmt: skip


def add_console(app: FastAPI) -> None:
    """What :data:`PAGES` need of ``app``, errors as pages, and scripts and styles at ``/static``."""
    app.state.broadcast = Broadcast()
    app.state.lots_in_rooms, app.state.held_in_rooms = Recent(), Recent()
    install_pages(app.state)
    app.mount("/static", serve_files)
