"""Every path, element, attribute, code and word of SeaChange's Traxis.Web that the driver uses.

SeaChange publishes no provisioning API: the defaults are the declared contract (SeaChange contract, Declared). An
operator overrides what their release names otherwise, under `dialect` in the configuration, in this same nesting.

Elements bear the namespace of `document`, attributes none.
"""

from typing import Annotated

from pydantic import Field

from platforms.dialect import Path, PathOfOne, Topic, Word

Name = Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_.-]*$")]
"""A name that XML allows, without a prefix."""


class Paths(Topic):
    """Where the resources are, below the platform's url.

    `{id}` is the customer's id, in which `slash` stands for "/".
    """

    customers: Path = "/traxis/web/Customers"
    customer: PathOfOne = "/traxis/web/Customer/{id}"
    products: Path = "/traxis/web/Products"
    purchases: Path = "/traxis/web/Purchases"
    slash: Word = "~~2F"


class Document(Topic):
    """What all documents have in common. `true` and `false` are the words for whether something is so."""

    namespace: Word = "urn:eventis:traxisweb:1.0"
    true: Word = "true"
    false: Word = "false"


class Listing(Topic):
    """How customers are listed: the parameters, the document's element and the attribute with the number of all.

    `page_size` is the largest page the platform gives.
    """

    start: Word = "start"
    count: Word = "count"
    customers: Name = "Customers"
    total: Name = "total"
    page_size: Annotated[int, Field(ge=2)] = 200


class Customer(Topic):
    """A customer's elements, and below each its attributes or the elements in it."""

    customer: Name = "Customer"
    id: Name = "id"
    revision: Name = "revision"
    enabled: Name = "Enabled"
    name: Name = "Name"
    first_name: Name = "first"
    last_name: Name = "last"
    contact: Name = "Contact"
    email: Name = "email"
    phone: Name = "phone"
    products: Name = "Products"
    product: Name = "Product"
    product_id: Name = "id"
    cpes: Name = "Cpes"
    cpe: Name = "Cpe"
    cpe_id: Name = "id"
    pin: Name = "Pin"
    note: Name = "Note"


class Product(Topic):
    """The products on offer: the document's element, the one of a product, and its attributes."""

    products: Name = "Products"
    product: Name = "Product"
    id: Name = "id"
    name: Name = "name"


class Feed(Topic):
    """How purchases are asked for, and the document's element and attribute: the sequence to go on from.

    `page_size` is the largest page the platform gives. So many purchases before the last are asked for again each time,
    since one may be shown later than another of a higher sequence.
    """

    since: Word = "since"
    count: Word = "count"
    purchases: Name = "Purchases"
    last: Name = "last"
    page_size: Annotated[int, Field(ge=2)] = 500
    overlap: Annotated[int, Field(ge=0)] = 100


class Purchase(Topic):
    """A purchase: its element and its attributes."""

    purchase: Name = "Purchase"
    id: Name = "id"
    customer: Name = "customer"
    kind: Name = "kind"
    title: Name = "title"
    amount: Name = "amount"
    currency: Name = "currency"
    sold_at: Name = "at"


class PurchaseKinds(Topic):
    """Values of a purchase's kind."""

    vod: Word = "vod"
    ppv: Word = "ppv"


class Errors(Topic):
    """What a refusal looks like: the element, its attribute, and the values of that."""

    error: Name = "Error"
    code: Name = "code"
    not_found: Word = "NotFound"
    invalid_document: Word = "InvalidDocument"
    cpe_in_use: Word = "CpeInUse"
    unknown_product: Word = "UnknownProduct"


class Dialect(Topic):
    """The whole table."""

    paths: Paths = Paths()
    document: Document = Document()
    listing: Listing = Listing()
    customer: Customer = Customer()
    product: Product = Product()
    feed: Feed = Feed()
    purchase: Purchase = Purchase()
    purchase_kind: PurchaseKinds = PurchaseKinds()
    error: Errors = Errors()
