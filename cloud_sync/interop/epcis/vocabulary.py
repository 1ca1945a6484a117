"""The words of the Core Business Vocabulary (CBV 2.0), and how each notation writes them.

JSON-LD writes a bare word (``holding``), XML a URN (``urn:epcglobal:cbv:bizstep:holding``), the event hash a web
address (``https://ref.gs1.org/cbv/BizStep-holding``). Words of somebody else's
vocabulary are URIs of their own in all three.
"""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """Words that one field may have. ``urn`` and ``web`` are what stands before the word in XML and in web addresses.

    ``closed_to``: beginnings of URIs that no word of somebody else's may have.
    """

    words: frozenset[str]
    urn: str
    web: str
    closed_to: tuple[str, ...] = ("urn:epcglobal:cbv", "https://ns.gs1.org/cbv/", "http://ns.gs1.org/cbv/")

    def bare(self, term: str) -> str:
        """The term as JSON-LD writes it: a bare word if it is one of these, else unchanged.

        >>> BIZ_STEPS.bare("urn:epcglobal:cbv:bizstep:holding"), BIZ_STEPS.bare("https://example.org/steps/x")
        ('holding', 'https://example.org/steps/x')
        """
        for start in (self.urn, self.web):
            if term.startswith(start) and term[len(start) :] in self.words:
                return term[len(start) :]
        return term

    def as_urn(self, term: str) -> str:
        """The term as XML writes it."""
        return self.urn + term if term in self.words else term

    def as_web(self, term: str) -> str:
        """The term as a web address, as the event hash reads it."""
        bare = self.bare(term)
        return self.web + bare if bare in self.words else term


def _cbv(urn: str, web: str, words: str) -> Vocabulary:
    return Vocabulary(frozenset(words.split()), f"urn:epcglobal:cbv:{urn}:", f"https://ref.gs1.org/cbv/{web}-")


def _gs1(words: str) -> Vocabulary:
    """Words of the GS1 Web Vocabulary, which XML abbreviates by the prefix ``gs1``."""
    closed = ("https://gs1.org/voc/", "http://gs1.org/voc/", "https://www.gs1.org/voc/", "http://www.gs1.org/voc/")
    return Vocabulary(frozenset(words.split()), "gs1:", "https://gs1.org/voc/", closed)


BIZ_STEPS = _cbv(
    "bizstep",
    "BizStep",
    """accepting arriving assembling collecting commissioning consigning creating_class_instance cycle_counting
    decommissioning departing destroying disassembling dispensing encoding entering_exiting holding inspecting
    installing killing loading other packing picking receiving removing repackaging repairing replacing reserving
    retail_selling shipping staging_outbound stock_taking stocking storing transporting unloading unpacking
    void_shipping sensor_reporting sampling""",
)
DISPOSITIONS = _cbv(
    "disp",
    "Disp",
    """active container_closed damaged destroyed dispensed disposed encoded expired in_progress in_transit inactive
    no_pedigree_match non_sellable_other partially_dispensed recalled reserved retail_sold returned
    sellable_accessible sellable_not_accessible stolen unknown available completeness_verified completeness_inferred
    conformant container_open mismatch_instance mismatch_class mismatch_quantity needs_replacement non_conformant
    unavailable""",
)
BIZ_TRANSACTION_TYPES = _cbv(
    "btt", "BTT", "bol cert desadv inv pedigree po poc prodorder recadv rma testprd testres upevt"
)
SOURCE_DEST_TYPES = _cbv("sdt", "SDT", "owning_party possessing_party location")
ERROR_REASONS = _cbv("er", "ER", "did_not_occur incorrect_data")
_PARTS = """x y z axial_distance azimuth height spherical_radius polar_angle elevation_angle easting northing latitude
    longitude altitude"""
COMPONENTS = Vocabulary(
    frozenset(_PARTS.split()),
    "cbv:Comp-",
    "https://ref.gs1.org/cbv/Comp-",
)
SENSOR_ALERTS = _gs1("ALARM_CONDITION ERROR_CONDITION")
MEASUREMENTS = _gs1(
    """AbsoluteHumidity AbsorbedDose AbsorbedDoseRate Acceleration Radioactivity Altitude AmountOfSubstance
    AmountOfSubstancePerUnitVolume Angle AngularAcceleration AngularMomentum AngularVelocity Area Capacitance
    Conductance Conductivity Count Density Dimensionless DoseEquivalent DoseEquivalentRate DynamicViscosity
    ElectricCharge ElectricCurrent ElectricCurrentDensity ElectricFieldStrength Energy Exposure Force Frequency
    Illuminance Inductance Irradiance KinematicViscosity Length LinearMomentum Luminance LuminousFlux
    LuminousIntensity MagneticFlux MagneticFluxDensity MagneticVectorPotential Mass MassConcentration MassFlowRate
    MassPerAreaTime MemoryCapacity MolalityOfSolute MolarEnergy MolarMass MolarVolume Power Pressure RadiantFlux
    RadiantIntensity RelativeHumidity Resistance Resistivity SolidAngle SpecificVolume Speed SurfaceDensity
    SurfaceTension Temperature Time Torque Voltage Volume VolumeFlowRate VolumeFraction VolumetricFlux Wavenumber"""
)
ACTIONS = frozenset({"ADD", "OBSERVE", "DELETE"})
CONTEXT = "https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld"
"""The JSON-LD context that every EPCIS 2.0 document names."""
PREFIXES: Mapping[str, str] = {
    "epcis": "https://ref.gs1.org/epcis/",
    "cbv": "https://ref.gs1.org/cbv/",
    "cbvmda": "urn:epcglobal:cbv:mda:",
    "gs1": "https://gs1.org/voc/",
    "rdfs": "http://www.w3.org/2000/01/rdf-schema#",
    "owl": "http://www.w3.org/2002/07/owl#",
    "xsd": "http://www.w3.org/2001/XMLSchema#",
    "dcterms": "http://purl.org/dc/terms/",
}
"""Prefixes that the context itself declares (EPCIS 2.0, epcis-context.jsonld)."""
