//! The tables of people: staff in teams, guests, and who holds a directory role.

use tenure_domain::authorize::DirectoryRole;

/// Where somebody works.
pub(crate) struct Place {
    pub city: &'static str,
    pub state: &'static str,
    pub country: &'static str,
    pub country_code: &'static str,
    pub postal_code: &'static str,
    pub language: &'static str,
    /// A range of numbers that belongs to nobody; two digits are added.
    pub phone: &'static str,
}

const SEATTLE: Place = Place {
    city: "Seattle",
    state: "WA",
    country: "United States",
    country_code: "US",
    postal_code: "98101",
    language: "en-US",
    phone: "+1 206 555 01",
};
const AUSTIN: Place = Place {
    city: "Austin",
    state: "TX",
    country: "United States",
    country_code: "US",
    postal_code: "78701",
    language: "en-US",
    phone: "+1 512 555 01",
};
const LONDON: Place = Place {
    city: "London",
    state: "England",
    country: "United Kingdom",
    country_code: "GB",
    postal_code: "EC2A 4NE",
    language: "en-GB",
    phone: "+44 20 7946 01",
};
const BERLIN: Place = Place {
    city: "Berlin",
    state: "Berlin",
    country: "Germany",
    country_code: "DE",
    postal_code: "10117",
    language: "de-DE",
    phone: "+49 30 23125 1",
};

/// The people with one manager, in one department at one place. Managers stand in earlier teams.
pub(crate) struct Team {
    pub manager: Option<&'static str>,
    pub department: &'static str,
    pub place: &'static Place,
    /// Alias, given name, surname, job title.
    pub members: &'static [(&'static str, &'static str, &'static str, &'static str)],
}

/// Everybody on the payroll.
pub(crate) const TEAMS: &[Team] = &[
    Team {
        manager: None,
        department: "Executive",
        place: &SEATTLE,
        members: &[("patricia.lindqvist", "Patricia", "Lindqvist", "Chief Executive Officer")],
    },
    Team {
        manager: Some("patricia.lindqvist"),
        department: "Marketing",
        place: &SEATTLE,
        members: &[("marcus.webb", "Marcus", "Webb", "Vice President Marketing")],
    },
    Team {
        manager: Some("patricia.lindqvist"),
        department: "Sales",
        place: &LONDON,
        members: &[("yuki.tanaka", "Yuki", "Tanaka", "Vice President Sales")],
    },
    Team {
        manager: Some("patricia.lindqvist"),
        department: "Engineering",
        place: &SEATTLE,
        members: &[("ravi.menon", "Ravi", "Menon", "Chief Technology Officer")],
    },
    Team {
        manager: Some("patricia.lindqvist"),
        department: "Finance",
        place: &SEATTLE,
        members: &[("helena.fischer", "Helena", "Fischer", "Chief Financial Officer")],
    },
    Team {
        manager: Some("patricia.lindqvist"),
        department: "Information Technology",
        place: &SEATTLE,
        members: &[("samuel.okafor", "Samuel", "Okafor", "Chief Information Officer")],
    },
    Team {
        manager: Some("patricia.lindqvist"),
        department: "Human Resources",
        place: &LONDON,
        members: &[("claire.dubois", "Claire", "Dubois", "Chief People Officer")],
    },
    Team {
        manager: Some("patricia.lindqvist"),
        department: "Legal",
        place: &BERLIN,
        members: &[("tomasz.nowak", "Tomasz", "Nowak", "General Counsel")],
    },
    Team {
        manager: Some("marcus.webb"),
        department: "Marketing",
        place: &SEATTLE,
        members: &[
            ("manager", "Nadia", "Rahman", "Campaign Marketing Manager"),
            ("owner", "Oscar", "Lund", "Head of Brand"),
        ],
    },
    Team {
        manager: Some("manager"),
        department: "Marketing",
        place: &SEATTLE,
        members: &[
            ("requestor", "Adele", "Vance", "Campaign Specialist"),
            ("leo.martins", "Leo", "Martins", "Content Strategist"),
            ("sofia.ricci", "Sofia", "Ricci", "Social Media Specialist"),
            ("owen.clarke", "Owen", "Clarke", "Copywriter"),
            ("hana.kim", "Hana", "Kim", "Campaign Analyst"),
        ],
    },
    Team {
        manager: Some("owner"),
        department: "Marketing",
        place: &LONDON,
        members: &[
            ("packages", "Petra", "Novak", "Marketing Operations Lead"),
            ("assignments", "Andre", "Costa", "Marketing Operations Coordinator"),
            ("reader", "Rosa", "Delgado", "Brand Analyst"),
            ("mei.chen", "Mei", "Chen", "Graphic Designer"),
            ("jonas.weber", "Jonas", "Weber", "Video Producer"),
        ],
    },
    Team {
        manager: Some("yuki.tanaka"),
        department: "Sales",
        place: &LONDON,
        members: &[
            ("sven.dahl", "Sven", "Dahl", "Regional Sales Director EMEA"),
            ("ingrid.solberg", "Ingrid", "Solberg", "Head of Partnerships"),
            ("luca.moretti", "Luca", "Moretti", "Key Account Manager"),
        ],
    },
    Team {
        manager: Some("yuki.tanaka"),
        department: "Sales",
        place: &AUSTIN,
        members: &[("carlos.vega", "Carlos", "Vega", "Regional Sales Director Americas")],
    },
    Team {
        manager: Some("sven.dahl"),
        department: "Sales",
        place: &LONDON,
        members: &[
            ("emma.johansson", "Emma", "Johansson", "Account Executive"),
            ("daniel.obrien", "Daniel", "O'Brien", "Account Executive"),
        ],
    },
    Team {
        manager: Some("carlos.vega"),
        department: "Sales",
        place: &AUSTIN,
        members: &[
            ("grace.thompson", "Grace", "Thompson", "Account Executive"),
            ("isabel.ramos", "Isabel", "Ramos", "Sales Engineer"),
            (LEAVER, "Victor", "Petrov", "Account Executive"),
        ],
    },
    Team {
        manager: Some("ingrid.solberg"),
        department: "Partnerships",
        place: &LONDON,
        members: &[
            ("peter.hall", "Peter", "Hall", "Partner Manager"),
            ("aisha.bello", "Aisha", "Bello", "Partner Success Manager"),
        ],
    },
    Team {
        manager: Some("ravi.menon"),
        department: "Engineering",
        place: &BERLIN,
        members: &[
            ("lena.hoffmann", "Lena", "Hoffmann", "Engineering Manager, Platform"),
            ("david.cohen", "David", "Cohen", "Engineering Manager, Data"),
        ],
    },
    Team {
        manager: Some("lena.hoffmann"),
        department: "Engineering",
        place: &BERLIN,
        members: &[
            ("arjun.patel", "Arjun", "Patel", "Senior Software Engineer"),
            ("zoe.martin", "Zoe", "Martin", "Software Engineer"),
            ("mateusz.kowalski", "Mateusz", "Kowalski", "Site Reliability Engineer"),
            ("nora.berg", "Nora", "Berg", "Quality Engineer"),
        ],
    },
    Team {
        manager: Some("david.cohen"),
        department: "Engineering",
        place: &AUSTIN,
        members: &[
            ("priya.sharma", "Priya", "Sharma", "Data Engineer"),
            ("samira.elmasri", "Samira", "El Masri", "Data Scientist"),
            ("kenji.mori", "Kenji", "Mori", "Data Analyst"),
        ],
    },
    Team {
        manager: Some("helena.fischer"),
        department: "Finance",
        place: &SEATTLE,
        members: &[
            ("george.adams", "George", "Adams", "Controller"),
            ("fatima.zahra", "Fatima", "Zahra", "Senior Accountant"),
            ("liam.walsh", "Liam", "Walsh", "Financial Analyst"),
            ("auditor", "Judith", "Baker", "Internal Auditor"),
        ],
    },
    Team {
        manager: Some("samuel.okafor"),
        department: "Information Technology",
        place: &SEATTLE,
        members: &[
            ("admin", "Mira", "Lang", "Director of Identity and Access"),
            ("governance", "Gustav", "Eriksson", "Identity Governance Lead"),
            ("ben.foster", "Ben", "Foster", "Support Engineer"),
        ],
    },
    Team {
        manager: Some("claire.dubois"),
        department: "Human Resources",
        place: &LONDON,
        members: &[("anna.kowalczyk", "Anna", "Kowalczyk", "People Partner")],
    },
    Team {
        manager: Some("tomasz.nowak"),
        department: "Legal",
        place: &BERLIN,
        members: &[
            ("approver", "Amira", "Haddad", "Data Protection Officer"),
            ("julia.santos", "Julia", "Santos", "Paralegal"),
        ],
    },
    Team {
        manager: None,
        department: "Facilities",
        place: &AUSTIN,
        members: &[("outsider", "Ottilie", "Marsh", "Office Coordinator")],
    },
];

/// Somebody from another organization.
pub(crate) struct Guest {
    /// The part of the mail address before the at sign.
    pub alias: &'static str,
    /// The part behind it.
    pub domain: &'static str,
    /// The organization.
    pub company: &'static str,
    /// Given name.
    pub given: &'static str,
    /// Surname.
    pub surname: &'static str,
    /// Job title.
    pub title: &'static str,
    /// Who invited the guest and answers for it.
    pub sponsor: &'static str,
}

/// Everybody who was invited.
pub(crate) const GUESTS: [Guest; 4] = [
    Guest {
        alias: "ana.silva",
        domain: "fabrikam.example",
        company: "Fabrikam",
        given: "Ana",
        surname: "Silva",
        title: "Agency Account Lead",
        sponsor: "peter.hall",
    },
    Guest {
        alias: "chloe.nguyen",
        domain: "fabrikam.example",
        company: "Fabrikam",
        given: "Chloe",
        surname: "Nguyen",
        title: "Art Director",
        sponsor: "peter.hall",
    },
    Guest {
        alias: "lucia.ferri",
        domain: "fabrikam.example",
        company: "Fabrikam",
        given: "Lucia",
        surname: "Ferri",
        title: "Copy Editor",
        sponsor: "peter.hall",
    },
    Guest {
        alias: "tom.becker",
        domain: "litware.example",
        company: "Litware",
        given: "Tom",
        surname: "Becker",
        title: "Integration Consultant",
        sponsor: "aisha.bello",
    },
];

/// Has left; the account is disabled.
pub(crate) const LEAVER: &str = "victor.petrov";

/// Who holds a directory role.
pub(crate) const ROLES: [(DirectoryRole, &str); 3] = [
    (DirectoryRole::GlobalAdministrator, "admin"),
    (DirectoryRole::IdentityGovernanceAdministrator, "governance"),
    (DirectoryRole::GlobalReader, "auditor"),
];
