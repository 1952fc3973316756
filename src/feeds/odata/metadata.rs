use std::io;

use quick_xml::{
    Writer,
    events::{BytesDecl, Event},
};
use serde_json::json;

use super::filter::Function;
use crate::feeds::{Column, Error, FeedReader, Kind, Result, Table, Value, tables};

/// The namespace of everything here.
const NAMESPACE: &str = "Headcount";
const EDMX: &str = "http://docs.oasis-open.org/odata/ns/edmx";
const EDM: &str = "http://docs.oasis-open.org/odata/ns/edm";
/// The vocabularies that annotations are taken from: address, namespace, short name.
const VOCABULARIES: [(&str, &str, &str); 2] = [
    (
        "https://oasis-tcs.github.io/odata-vocabularies/vocabularies/Org.OData.Core.V1.xml",
        "Org.OData.Core.V1",
        "Core",
    ),
    (
        "https://oasis-tcs.github.io/odata-vocabularies/vocabularies/Org.OData.Capabilities.V1.xml",
        "Org.OData.Capabilities.V1",
        "Capabilities",
    ),
];

type Xml = Writer<Vec<u8>>;

/// The service document: the tables that a reader may read.
#[must_use]
pub fn service_document(reader: &FeedReader, service: &str) -> serde_json::Value {
    let readable = tables::all().iter().filter(|table| reader.may_read(table));
    let sets =
        readable.map(|table| json!({"name": table.name, "kind": "EntitySet", "url": table.name}));
    json!({"@odata.context": format!("{service}$metadata"), "value": sets.collect::<Vec<_>>()})
}

/// The metadata document (CSDL in XML): the tables that a reader may read, with types, keys and descriptions.
///
/// # Errors
/// None that could be told from a fault of this program.
pub fn metadata(reader: &FeedReader) -> Result<String> {
    let readable: Vec<&Table> =
        tables::all().iter().copied().filter(|table| reader.may_read(table)).collect();
    let mut xml = Writer::new_with_indent(Vec::new(), b' ', 2);
    let failed = |error: io::Error| Error::Format(error.to_string());
    document(&mut xml, &readable).map_err(failed)?;
    String::from_utf8(xml.into_inner()).map_err(|error| Error::Format(error.to_string()))
}

fn document(xml: &mut Xml, tables: &[&Table]) -> io::Result<()> {
    xml.write_event(Event::Decl(BytesDecl::new("1.0", Some("utf-8"), None)))?;
    let edmx = xml.create_element("edmx:Edmx");
    edmx.with_attributes([("Version", "4.0"), ("xmlns:edmx", EDMX)]).write_inner_content(
        |xml| {
            for (uri, namespace, alias) in VOCABULARIES {
                xml.create_element("edmx:Reference")
                    .with_attribute(("Uri", uri))
                    .write_inner_content(|xml| {
                        let include = xml.create_element("edmx:Include");
                        include
                            .with_attributes([("Namespace", namespace), ("Alias", alias)])
                            .write_empty()
                            .map(drop)
                    })?;
            }
            xml.create_element("edmx:DataServices")
                .write_inner_content(|xml| schema(xml, tables))
                .map(drop)
        },
    )?;
    Ok(())
}

fn schema(xml: &mut Xml, tables: &[&Table]) -> io::Result<()> {
    let schema = xml.create_element("Schema");
    schema.with_attributes([("Namespace", NAMESPACE), ("xmlns", EDM)]).write_inner_content(
        |xml| {
            for table in tables {
                entity_type(xml, table)?;
            }
            let container = xml.create_element("EntityContainer");
            container
                .with_attribute(("Name", "Tables"))
                .write_inner_content(|xml| {
                    for table in tables {
                        entity_set(xml, table)?;
                    }
                    capabilities(xml)
                })
                .map(drop)
        },
    )?;
    Ok(())
}

fn entity_type(xml: &mut Xml, table: &Table) -> io::Result<()> {
    let name = xml.create_element("EntityType").with_attribute(("Name", table.name));
    name.write_inner_content(|xml| {
        xml.create_element("Key").write_inner_content(|xml| {
            for column in table.columns().filter(|column| column.is_key) {
                xml.create_element("PropertyRef")
                    .with_attribute(("Name", column.name))
                    .write_empty()?;
            }
            Ok(())
        })?;
        for column in table.columns() {
            property(xml, column)?;
        }
        Ok(())
    })?;
    Ok(())
}

fn property(xml: &mut Xml, column: &Column) -> io::Result<()> {
    let edm = match column.kind {
        Kind::Text => "Edm.String",
        Kind::Integer => "Edm.Int64",
        Kind::Decimal => "Edm.Decimal",
        Kind::Float => "Edm.Double",
        Kind::Boolean => "Edm.Boolean",
        Kind::Instant => "Edm.DateTimeOffset",
        Kind::Date => "Edm.Date",
    };
    let scale = Value::SCALE.to_string();
    let mut element =
        xml.create_element("Property").with_attributes([("Name", column.name), ("Type", edm)]);
    if column.kind == Kind::Decimal {
        element = element.with_attributes([("Precision", "38"), ("Scale", scale.as_str())]);
    }
    if column.kind == Kind::Instant {
        element = element.with_attribute(("Precision", "6"));
    }
    if !column.is_nullable {
        element = element.with_attribute(("Nullable", "false"));
    }
    element.write_inner_content(|xml| described(xml, column.description))?;
    Ok(())
}

fn entity_set(xml: &mut Xml, table: &Table) -> io::Result<()> {
    let kind = format!("{NAMESPACE}.{}", table.name);
    let set = xml.create_element("EntitySet");
    set.with_attributes([("Name", table.name), ("EntityType", kind.as_str())])
        .write_inner_content(|xml| described(xml, table.description))?;
    Ok(())
}

fn described(xml: &mut Xml, text: &str) -> io::Result<()> {
    let annotation = xml.create_element("Annotation");
    let attributes = [("Term", "Core.Description"), ("String", text)];
    annotation.with_attributes(attributes).write_empty().map(drop)
}

/// What a client need not try.
fn capabilities(xml: &mut Xml) -> io::Result<()> {
    let level = [
        ("Term", "Capabilities.ConformanceLevel"),
        ("EnumMember", "Org.OData.Capabilities.V1.ConformanceLevelType/Minimal"),
    ];
    xml.create_element("Annotation").with_attributes(level).write_empty()?;
    for term in ["Capabilities.BatchSupported", "Capabilities.CrossJoinSupported"] {
        let attributes = [("Term", term), ("Bool", "false")];
        xml.create_element("Annotation").with_attributes(attributes).write_empty()?;
    }
    let functions = xml.create_element("Annotation");
    functions.with_attribute(("Term", "Capabilities.FilterFunctions")).write_inner_content(
        |xml| {
            xml.create_element("Collection")
                .write_inner_content(|xml| {
                    for (name, _) in Function::ALL {
                        let text = quick_xml::events::BytesText::new(name);
                        xml.create_element("String").write_text_content(text)?;
                    }
                    Ok(())
                })
                .map(drop)
        },
    )?;
    Ok(())
}
