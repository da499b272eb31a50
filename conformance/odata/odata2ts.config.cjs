// The published model has a type `site` and a type `siteCollection`: by the tool's defaults the service of many of the
// former and the service of the latter would have one name.
module.exports = {
  naming: { services: { collection: { suffix: "Many", applyServiceNaming: true } } },
};
