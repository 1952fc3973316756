//! Tables from which people, towns, trades and teams are put together. All of it is invented.

/// Given names from many places.
#[rustfmt::skip] // Hundreds of lines otherwise.
pub(in super::super) const GIVEN: &[&str] = &[
    "Ingrid", "Tomás", "Aiko", "Kwame", "Léa", "Mateusz", "Priya", "Ólafur", "Yusuf", "Marisol",
    "Henrik", "Chidi", "Noor", "Zoltán", "Beatriz", "Søren", "Mei", "Dragan", "Fatima", "Liam",
    "Anneliese", "Ravi", "Eilidh", "Hassan", "Jelena", "Kofi", "Sakura", "Matteo", "Amara",
    "Bogdan", "Camille", "Dae-jung", "Elif", "Gustavo", "Hina", "Ismael", "Joana", "Katarzyna",
    "Lars", "Miriam", "Nikolai", "Oluwaseun", "Paloma", "Quentin", "Rosalind", "Stefan", "Thandiwe",
    "Ulrike", "Vikram", "Wanjiru", "Xavier", "Yara", "Žofia", "Adrián", "Brigid", "Cosmin",
    "Dilnoza", "Emre", "Freya", "Gianluca", "Hye-jin", "Ivana", "Jasper", "Kamala", "Lucía",
    "Malik", "Nadia", "Oskar", "Petra", "Rashid", "Saoirse", "Tariq", "Uma", "Vera", "Wen",
    "Yevhen", "Zainab", "Arjun", "Bianca", "Ciarán", "Dorota", "Esteban", "Farah", "Goran",
    "Helena", "Ibrahim", "Jun", "Kirsten", "Leandro", "Maëlle", "Nils", "Orla", "Pavel", "Rania",
    "Sipho", "Tereza", "Viktor", "Winona", "Yuki", "Zuri", "Alasdair", "Björn", "Catalina",
    "Darius", "Eun-ji", "Florian", "Greta", "Hugo", "Iulia", "Jonas", "Klára", "Lotte", "Marek",
    "Nia", "Otto", "Pilar", "Ruben", "Sunita", "Timo", "Valentina",
];

/// Family names from many places.
#[rustfmt::skip] // Hundreds of lines otherwise.
pub(in super::super) const FAMILY: &[&str] = &[
    "Solheim", "Carvalho", "Tanaka", "Mensah", "Fournier", "Kowalczyk", "Iyer", "Þórsson",
    "Demir", "Quintero", "Lindqvist", "Okonkwo", "Rahman", "Szabó", "Almeida", "Mikkelsen",
    "Zhang", "Petrović", "El-Amin", "Gallagher", "Hofmann", "Chandran", "MacAllister", "Karimi",
    "Novak", "Asante", "Yamamoto", "Ricci", "Diallo", "Ionescu", "Lefèvre", "Park", "Yılmaz",
    "Barbosa", "Fujita", "Navarro", "Pereira", "Zielińska", "Bergman", "Goldstein", "Sokolov",
    "Adeyemi", "Herrera", "Dubois", "Whitcombe", "Richter", "Dlamini", "Krämer", "Malhotra",
    "Kamau", "Moreau", "Haddad", "Horáková", "Vidal", "O'Donnell", "Popescu", "Karimova", "Aydın",
    "Nilsdotter", "Ferrari", "Choi", "Marković", "van Dijk", "Banerjee", "Castillo", "Osman",
    "Haidari", "Virtanen", "Weiss", "Mansour", "Byrne", "Siddiqui", "Krishnan", "Larsen", "Liu",
    "Shevchenko", "Bello", "Kapoor", "Rossi", "Murphy", "Wójcik", "Delgado", "Nassar", "Babić",
    "Papadopoulos", "Sesay", "Mori", "Jørgensen", "Duarte", "Girard", "Eriksson", "Kelly",
    "Svoboda", "Khoury", "Nkosi", "Dvořák", "Lehmann", "Redfeather", "Sato", "Mwangi", "Fraser",
    "Gunnarsson", "Ospina", "Rezaei", "Kwon", "Baumann", "Schreiber", "Lindgren", "Munteanu",
    "Aalto", "Černý", "de Vries", "Nowicki", "Griffiths", "Brandt", "Ortega", "Peeters", "Nair",
    "Koskinen", "Conti", "Abebe", "Blom", "Chowdhury", "Drăgan", "Escobar", "Falk", "Greco",
    "Hashimoto", "Ivanova", "Jansen", "Kuznetsov", "Lundberg", "Mbeki", "Nguyen", "Onyango",
    "Pham", "Qureshi", "Romero", "Sandoval", "Tran", "Usman", "Varga", "Walsh", "Xu", "Yeboah",
    "Zapata", "Ainsworth", "Beaumont", "Cruz", "Dahl", "Engström", "Figueroa", "Gupta", "Hansson",
];

/// A town: its name, IANA time zone, locale, region and country.
pub(in super::super) struct Town {
    pub(in super::super) name: &'static str,
    pub(in super::super) zone: &'static str,
    pub(in super::super) locale: &'static str,
    pub(in super::super) country: &'static str,
}

const fn town(
    name: &'static str,
    zone: &'static str,
    locale: &'static str,
    country: &'static str,
) -> Town {
    Town { name, zone, locale, country }
}

/// Where people work.
pub(in super::super) const TOWNS: &[Town] = &[
    town("Oslo", "Europe/Oslo", "nb-NO", "Norway"),
    town("Lisbon", "Europe/Lisbon", "pt-PT", "Portugal"),
    town("Osaka", "Asia/Tokyo", "ja-JP", "Japan"),
    town("Accra", "Africa/Accra", "en-GB", "Ghana"),
    town("Lyon", "Europe/Paris", "fr-FR", "France"),
    town("Kraków", "Europe/Warsaw", "pl-PL", "Poland"),
    town("Bengaluru", "Asia/Kolkata", "en-GB", "India"),
    town("Dublin", "Europe/Dublin", "en-IE", "Ireland"),
    town("Istanbul", "Europe/Istanbul", "tr-TR", "Türkiye"),
    town("Bogotá", "America/Bogota", "es-CO", "Colombia"),
    town("Toronto", "America/Toronto", "en-CA", "Canada"),
    town("Austin", "America/Chicago", "en-US", "United States"),
    town("Nairobi", "Africa/Nairobi", "en-GB", "Kenya"),
    town("Sydney", "Australia/Sydney", "en-AU", "Australia"),
    town("Gothenburg", "Europe/Stockholm", "sv-SE", "Sweden"),
    town("São Paulo", "America/Sao_Paulo", "pt-BR", "Brazil"),
];

/// Job titles with the department they belong to.
pub(in super::super) const JOBS: &[(&str, &str)] = &[
    ("Software Engineer", "Engineering"),
    ("Senior Software Engineer", "Engineering"),
    ("Engineering Manager", "Engineering"),
    ("Site Reliability Engineer", "Engineering"),
    ("Test Engineer", "Engineering"),
    ("Product Manager", "Product"),
    ("Product Designer", "Design"),
    ("Technical Writer", "Product"),
    ("Data Analyst", "Data"),
    ("Support Agent", "Support"),
    ("Support Lead", "Support"),
    ("Account Executive", "Sales"),
    ("Sales Operations Analyst", "Sales"),
    ("Marketing Specialist", "Marketing"),
    ("Accountant", "Finance"),
    ("Financial Controller", "Finance"),
    ("Recruiter", "People"),
    ("People Partner", "People"),
    ("Legal Counsel", "Legal"),
    ("IT Administrator", "IT"),
    ("Procurement Specialist", "Operations"),
    ("Plant Technician", "Operations"),
];

/// Names of teams; a number is added once they are used up.
#[rustfmt::skip] // Hundreds of lines otherwise.
pub(in super::super) const TEAMS: &[&str] = &[
    "Kestrel", "Juniper", "Basalt", "Lantern", "Meridian", "Otter", "Saffron", "Tundra", "Cobalt",
    "Heron", "Marble", "Nimbus", "Orchid", "Pumice", "Quartz", "Sparrow", "Thistle", "Umber",
    "Walnut", "Zephyr", "Anchor", "Birch", "Cinder", "Dune", "Ember", "Fjord", "Garnet", "Harbor",
];

/// The ASCII letters that an address is made of: lower case, accents dropped, the rest left out.
pub(in super::super) fn address_part(name: &str) -> String {
    let mut part = String::with_capacity(name.len());
    for letter in name.chars().flat_map(char::to_lowercase) {
        match letter {
            'a'..='z' | '0'..='9' => part.push(letter),
            'á' | 'à' | 'ä' | 'ã' | 'å' | 'ă' | 'â' => part.push('a'),
            'ć' | 'č' | 'ç' => part.push('c'),
            'ď' => part.push('d'),
            'é' | 'è' | 'ë' | 'ě' | 'ê' => part.push('e'),
            'í' | 'ı' | 'ï' | 'î' => part.push('i'),
            'ł' => part.push('l'),
            'ń' | 'ñ' => part.push('n'),
            'ó' | 'ö' | 'ø' | 'õ' | 'ô' => part.push('o'),
            'ř' => part.push('r'),
            'š' | 'ś' | 'ş' => part.push('s'),
            'ú' | 'ü' => part.push('u'),
            'ý' => part.push('y'),
            'ž' | 'ź' | 'ż' => part.push('z'),
            'þ' => part.push_str("th"),
            'æ' => part.push_str("ae"),
            _ => {}
        }
    }
    part
}
