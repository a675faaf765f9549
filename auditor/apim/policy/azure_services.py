"""Azure services that take Microsoft Entra tokens: the audiences of tokens for them, and their hosts.

Sources: "Azure services that support Microsoft Entra authentication" (audiences), "Compare Azure Government
and global Azure" and "Developer notes for Azure in China operated by 21Vianet" (hosts of the sovereign
clouds), the pages of the services named.
"""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from enum import Enum
from typing import Final

from auditor.apim.policy.origins import Form, From


class Takes(Enum):
    """Whether a service takes Entra tokens in place of its keys."""

    ALWAYS = "it takes tokens of Entra"
    PERHAPS = "it takes them where it is set up to"
    NO_KEYS = "it takes nothing else, so that no key is sent to it"


@dataclass(frozen=True, slots=True)
class Service:
    """One kind of Azure resource."""

    name: str
    audiences: frozenset[str]
    """Hosts of the audiences that tokens for it carry, beside its own hosts."""
    hosts: tuple[str, ...]
    """Its hosts: what they are, or end in."""
    takes: Takes = Takes.ALWAYS
    fronted: bool = False
    """It can answer under a host name of its owner's, so that another host may be the right one."""


def _service(
    name: str, audiences: str, hosts: str, takes: Takes = Takes.ALWAYS, *, fronted: bool = False
) -> Service:
    return Service(name, frozenset(audiences.split()), tuple(hosts.split()), takes, fronted)


SERVICES: Final = (
    _service("Azure Storage", "storage.azure.com",
             "core.windows.net core.usgovcloudapi.net core.chinacloudapi.cn storage.azure.net", fronted=True),
    _service("Azure Key Vault",
             "vault.azure.net vault.usgovcloudapi.net vault.azure.cn managedhsm.azure.net",
             "vault.azure.net vault.usgovcloudapi.net vault.azure.cn managedhsm.azure.net "
             "managedhsm.usgovcloudapi.net managedhsm.azure.cn", Takes.NO_KEYS),
    _service("Azure OpenAI or another AI service",
             "cognitiveservices.azure.com cognitiveservices.azure.us cognitiveservices.azure.cn "
             "ai.azure.com ml.azure.com",
             "openai.azure.com openai.azure.us openai.azure.cn cognitiveservices.azure.com "
             "cognitiveservices.azure.us cognitiveservices.azure.cn services.ai.azure.com "
             "api.cognitive.microsoft.com inference.ai.azure.com models.ai.azure.com "
             "api.cognitive.microsofttranslator.com inference.ml.azure.com api.azureml.ms"),
    _service("Azure Service Bus or Event Hubs",
             "servicebus.azure.net servicebus.azure.us servicebus.azure.cn eventhubs.azure.net "
             "eventhubs.azure.us eventhubs.azure.cn relay.azure.net",
             "servicebus.windows.net servicebus.usgovcloudapi.net servicebus.chinacloudapi.cn"),
    _service("Azure AI Search", "search.azure.com search.azure.us search.azure.cn",
             "search.windows.net search.azure.us search.azure.cn"),
    _service("Azure Cosmos DB", "cosmos.azure.com",
             "documents.azure.com documents.azure.us documents.azure.cn"),
    _service("Azure Event Grid", "eventgrid.azure.net", "eventgrid.azure.net eventgrid.azure.us "
             "eventgrid.azure.cn"),
    _service("Azure App Configuration", "appconfig.azure.com azconfig.io", "azconfig.io azconfig.azure.us "
             "azconfig.azure.cn"),
    _service("Azure SignalR or Web PubSub", "signalr.azure.com webpubsub.azure.com",
             "service.signalr.net signalr.azure.us signalr.azure.cn webpubsub.azure.com webpubsub.azure.us"),
    _service("Azure IoT Hub", "iothubs.azure.net", "azure-devices.net azure-devices.us azure-devices.cn"),
    _service("App Service or Functions", "",
             "azurewebsites.net azurewebsites.us chinacloudsites.cn appserviceenvironment.net",
             Takes.PERHAPS),
    _service("Logic Apps", "", "logic.azure.com logic.azure.us logic.azure.cn", Takes.PERHAPS),
    _service("Azure Resource Manager",
             "management.azure.com management.core.windows.net management.usgovcloudapi.net "
             "management.core.usgovcloudapi.net management.chinacloudapi.cn management.core.chinacloudapi.cn",
             "management.azure.com management.core.windows.net management.usgovcloudapi.net "
             "management.chinacloudapi.cn scm.azurewebsites.net scm.azurewebsites.us scm.chinacloudsites.cn "
             "logic.azure.com logic.azure.us logic.azure.cn azuresynapse.net batch.azure.com",
             Takes.NO_KEYS),
    _service("Microsoft Graph",
             "graph.microsoft.com graph.microsoft.us dod-graph.microsoft.us microsoftgraph.chinacloudapi.cn",
             "graph.microsoft.com graph.microsoft.us dod-graph.microsoft.us microsoftgraph.chinacloudapi.cn",
             Takes.NO_KEYS),
    _service("Log Analytics", "api.loganalytics.io api.loganalytics.azure.com api.loganalytics.us",
             "api.loganalytics.io api.loganalytics.azure.com api.loganalytics.us", Takes.NO_KEYS),
    _service("Azure Monitor", "monitor.azure.com monitor.azure.us monitor.azure.cn",
             "monitor.azure.com monitor.azure.us monitor.azure.cn", Takes.NO_KEYS),
    _service("Azure Data Explorer", "kusto.windows.net",
             "kusto.windows.net kusto.usgovcloudapi.net kusto.chinacloudapi.cn", Takes.NO_KEYS),
    _service("Azure Digital Twins", "digitaltwins.azure.net", "digitaltwins.azure.net", Takes.NO_KEYS),
    _service("Azure Synapse", "dev.azuresynapse.net", "azuresynapse.net azuresynapse.usgovcloudapi.net",
             Takes.NO_KEYS),
    _service("Azure Batch", "batch.core.windows.net", "batch.azure.com"),
    _service("Power BI", "analysis.windows.net", "api.powerbi.com analysis.windows.net", Takes.NO_KEYS),
)  # fmt: skip
"""Narrow hosts stand in the rows that tokens are made for; the first row that a host fits is its service."""

_RELAYS: Final = (
    "azure-api.net", "azure-api.us", "azure-api.cn", "azurefd.net", "azurefd.us", "azureedge.net",
    "trafficmanager.net", "usgovtrafficmanager.net", "cloudapp.azure.com", "cloudapp.usgovcloudapi.net",
    "azurewebsites.net", "azurewebsites.us", "chinacloudsites.cn", "azurecontainerapps.io",
    "azurecontainer.io", "azurestaticapps.net",
)  # fmt: skip
"""Hosts under which anybody's own program or proxy answers, the owner's too."""
_OWN: Final = re.compile(r"(^|\.)(localhost|internal|local|lan|corp|intranet|svc)$")
_AUTHORITY: Final = re.compile(r"[/?#\\]")


@dataclass(frozen=True, slots=True)
class Host:
    """The host of a URL as far as it is known."""

    name: str
    """The whole name, or what it ends in; folded to lower case."""
    by: From | None = None
    """Who brings what is not known of it; None where all is known."""

    @property
    def known(self) -> bool:
        """Whether all of it is known."""
        return self.by is None

    def within(self, hosts: tuple[str, ...]) -> bool:
        """Whether it is one of some hosts or stands below one, whatever is not known of it."""
        if self.by not in (None, From.CONFIG):
            # Whoever else brings the beginning can end the host there, with a slash of their own.
            return False
        return any((self.known and self.name == each) or self.name.endswith(f".{each}") for each in hosts)

    @property
    def private(self) -> bool:
        """Whether it is an address or a name that only a network of one's own resolves."""
        try:
            return ipaddress.ip_address(self.name.strip("[]")).is_private
        except ValueError:
            return "." not in self.name or _OWN.search(self.name) is not None

    @property
    def relay(self) -> bool:
        """Whether somebody's own proxy or program may answer there."""
        return self.private or any(self.name.endswith(f".{each}") for each in _RELAYS)


def host_of(form: Form) -> Host:
    """The host of one form of a URL."""
    authority: list[str | From] = []
    begun = False
    for piece in form:
        if isinstance(piece, From):
            if not begun:
                return Host("", piece)
            authority.append(piece)
            continue
        text = piece
        if not begun:
            scheme, mark, text = piece.strip().partition("://")
            if not mark or scheme.casefold() not in {"http", "https", "ws", "wss"}:
                return Host("", From.UNKNOWN)
            begun = True
        ended = _AUTHORITY.search(text)
        authority.append(text[: ended.start()] if ended else text)
        if ended:
            break
    hands = [piece for piece in authority if isinstance(piece, From)]
    last = authority[-1] if authority and isinstance(authority[-1], str) else ""
    name = re.sub(r":\d*$", "", last.rpartition("@")[2]).casefold().strip().rstrip(".")
    return Host(name, max(hands)) if hands else Host(name) if name else Host("", From.UNKNOWN)


def service_of(host: Host) -> Service | None:
    """The service that answers under a host; None for hosts that are not in the table."""
    return next((each for each in SERVICES if host.within(each.hosts)), None)


def made_for(audience: str) -> Service | None:
    """The Azure service that tokens of an audience are for; None where it is an application of one's own."""
    text = audience.strip().removesuffix("/.default")
    scheme, mark, rest = text.partition("://")
    if mark and scheme.casefold() != "https":
        return None
    name = _AUTHORITY.split(rest if mark else scheme)[0].casefold().rstrip(".")
    exact = next((each for each in SERVICES if name in each.audiences), None)
    if exact is not None or "." not in name:
        return exact
    found = service_of(Host(name))
    # An App Service's own address as audience is an application of one's own.
    return found if found is not None and found.takes is not Takes.PERHAPS else None
