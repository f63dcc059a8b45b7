/** "Your data": a bundle of its own, loaded when somebody goes there. */
import { getRouteApi } from "@tanstack/react-router";
import { Browse } from "./browse.tsx";
import "./data.css";
import { Entry } from "./entry.tsx";

export { Spaces } from "./spaces.tsx";

const route = getRouteApi("/indoors/data/$space");

export function Space() {
  const { space } = route.useParams();
  const { soul, property, ...wanted } = route.useSearch();
  if (soul === undefined) return <Browse key={space} space={space} {...wanted} />;
  return <Entry key={`${space} ${soul}`} space={space} soul={soul} property={property} />;
}
